"""Addresses as messages show them: who signs in, and by which password, stays out of terminals and logs."""

import re

USER = re.compile(r"^([^/?#]*//)?[^/?#]*@")
"""Before the host: https://datatracker.ietf.org/doc/html/rfc3986#section-3.2.1."""
UP_TO_LAST_AT = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]*://)?.*@", re.DOTALL)


def without_user(address: str) -> str:
    """Return an address without user and password."""
    return USER.sub(r"\1", address)


def without_any_user(text: str) -> str:
    """Return what is no proper address without all that may be meant for a password: its `/` or `#` may be as it is."""
    return UP_TO_LAST_AT.sub(r"\1", text)
