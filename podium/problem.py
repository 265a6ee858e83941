"""The body of an error answer, whoever wrote it: Podium's own shape, or RFC 9457's with the same members and more."""

from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_core import from_json

from podium.wire import Problem


def problem_in(body: bytes) -> Problem | None:
    """Return the problem that a body tells, or None where it tells none that Podium would.

    Members beside `error`, `detail` and `faults` are left alone: `type`, `title`, `status` and `instance` of
    `application/problem+json` say nothing that these do not.
    """
    try:
        told = from_json(body)
        if not isinstance(told, Mapping):
            return None
        return Problem.model_validate({name: told[name] for name in Problem.model_fields if name in told})
    except (ValidationError, ValueError):
        return None
