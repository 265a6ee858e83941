"""Numbers on the wire are JSON's numbers: neither `true` nor `"0.5"` is one, whatever Python would make of it."""

from pydantic import BeforeValidator


def _refuse_other_kinds(value: object) -> object:
    if isinstance(value, bool | str):
        raise ValueError(f"a number, not {value!r}")  # pydantic makes a fault of a ValueError alone
    return value


JsonNumber = BeforeValidator(_refuse_other_kinds)
"""Beside a type in `Annotated`. A NumPy number is a number, which `strict` would not have."""
