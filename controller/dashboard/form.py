"""What a form sent, as names and texts. No files: those would need another parser, and no form here has one."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from controller.errors import InvalidRequest

MOST_FIELDS = 100
Word = TypeVar("Word", bound=StrEnum)


async def read_form(request: Request) -> Mapping[str, str]:
    """Return the fields of a URL-encoded body, with line ends as we write them. Raises InvalidRequest."""
    try:
        text = (await request.body()).decode()
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:  # of UnicodeDecodeError too
        raise InvalidRequest("the form cannot be read; send it from its page") from None
    return {name: value.replace("\r\n", "\n") for name, value in fields}


Form = Annotated[Mapping[str, str], Depends(read_form)]


def choice_of(words: type[Word], text: str) -> Word | None:
    """Return the chosen one of some words; None for no choice. Raises InvalidRequest for another word."""
    if not text:
        return None
    try:
        return words(text)
    except ValueError:
        raise InvalidRequest(f"{text!r} is none of {', '.join(words)}") from None
