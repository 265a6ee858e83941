"""Answers to who comes again: where nothing has changed, the rows are not read.

For lists that are polled and read from rows alone. Elsewhere the tag is a hash of the body, see etags.py: an
experiment's answer counts hours up to the moment at which it is asked, so no rows tell whether it is the same; and what
is read once, such as an export, would pay for a question that spares nobody anything.
"""

from functools import cache
from importlib.metadata import version
from typing import Annotated

from fastapi import Depends, Header, Request, Response, status

from controller.api.etags import matches

HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}


class NotModified(Exception):
    """The caller has the newest answer. It ends a request early, and is no error."""

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.tag = tag


class Visit:
    """A request that may be a repeated one."""

    def __init__(self, known: str, response: Response) -> None:
        self._known, self._response = known, response

    def is_of(self, content: str) -> None:
        """Tag the answer by a hash of the rows that it will be made of. Raises NotModified where the caller has it.

        The tag is weak: rows that change before they are read come under the tag of those before.
        """
        tag = f'W/"{_edition()}-{content}"'
        if matches(self._known, tag):
            raise NotModified(tag)
        self._response.headers.update({"ETag": tag, **HEADERS})


async def _visit(
    response: Response, known: Annotated[str, Header(alias="If-None-Match", include_in_schema=False)] = ""
) -> Visit:
    return Visit(known, response)


Revisit = Annotated[Visit, Depends(_visit)]


def not_modified(request: Request, error: Exception) -> Response:
    assert isinstance(error, NotModified)
    return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers={"ETag": error.tag, **HEADERS})


@cache
def _edition() -> str:
    """Return what makes answers of the same rows: another version may tell them otherwise."""
    return version("podium")
