"""Who somebody is, by what an issuer says of him."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.oidc.refusals import NotBelieved

Claims = Mapping[str, Any]  # Any: a JSON document
MOST_LETTERS = 255
"""Of a subject, by OpenID Connect Core, section 2; and of a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    subject: str
    """By which the issuer knows him for good, and nobody else ever."""
    name: str
    groups: frozenset[str]


def person_of(claims: Claims, groups_claim: str) -> Person:
    """Return whom claims that were checked are about. Raises NotBelieved for a subject that is none."""
    subject = claims.get("sub")
    if not _is_word(subject):
        raise NotBelieved("the issuer's ID token names no subject, or one that cannot be written; tell who runs it")
    is_mail_his = claims.get("email_verified") is not False
    names = (claims.get("email") if is_mail_his else None, claims.get("preferred_username"), claims.get("name"))
    name = next((each for each in names if _is_word(each)), subject)
    return Person(subject=str(subject), name=str(name), groups=groups_in(claims, groups_claim))


def groups_in(claims: Claims, groups_claim: str) -> frozenset[str]:
    """Return the groups that a claim names: a list of them, or one."""
    told = claims.get(groups_claim)
    listed = told if isinstance(told, list) else [told]
    return frozenset(each for each in listed if isinstance(each, str))


def _is_word(value: object) -> bool:
    """Say whether a value can stand in a trail and on a page."""
    return isinstance(value, str) and 0 < len(value) <= MOST_LETTERS and value.isprintable()
