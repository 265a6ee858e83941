"""Whom claims are about: what the trail calls him, and which groups are his."""

from typing import Any

import pytest

from controller.oidc.attempt import Attempts
from controller.oidc.person import person_of
from controller.oidc.refusals import NotBelieved

ADA: dict[str, Any] = {  # Any: a JSON document
    "sub": "8f3c",
    "email": "ada@example.com",
    "email_verified": True,
    "preferred_username": "ada",
    "name": "Ada Lovelace",
    "groups": ["ml-platform", "choir"],
}


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in ADA.items() if name not in names}


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        (ADA, "ada@example.com"),
        (without("email_verified"), "ada@example.com"),
        (ADA | {"email_verified": False}, "ada"),
        (ADA | {"email": ""}, "ada"),
        (ADA | {"email": "a\nb"}, "ada"),
        (ADA | {"email": "a" * 256}, "ada"),
        (without("email", "preferred_username"), "Ada Lovelace"),
        (without("email", "preferred_username", "name"), "8f3c"),
    ],
)
def test_a_name_is_what_people_know_and_can_be_written(claims: dict[str, Any], name: str) -> None:
    assert person_of(claims, "groups").name == name


@pytest.mark.parametrize(
    ("told", "groups"),
    [
        (["a", "b"], {"a", "b"}),
        ("a", {"a"}),
        (["a", 1, None, ["b"], {"c": "d"}], {"a"}),
        ({"a": True}, set()),
        (None, set()),
    ],
)
def test_groups_are_words_one_or_several(told: object, groups: set[str]) -> None:
    assert person_of(ADA | {"https://example.com/roles": told}, "https://example.com/roles").groups == groups
    assert person_of(without("groups"), "groups").groups == frozenset()


@pytest.mark.parametrize("subject", [None, 7, "", "a\x00b", "a" * 256])
def test_a_subject_that_is_none_is_refused(subject: object) -> None:
    with pytest.raises(NotBelieved, match="names no subject"):
        person_of(ADA | {"sub": subject}, "groups")


def test_neither_nonce_nor_verifier_is_known_to_who_knows_the_state() -> None:
    ours, theirs = Attempts(key="k" * 32), Attempts(key="t" * 32)
    attempt = ours.begin("/")
    other = theirs._attempt(attempt.state, "/")
    assert len({attempt.state, attempt.nonce, attempt.verifier, other.nonce, other.verifier}) == 5
    assert len(attempt.verifier) == 43
    assert "nonce" not in repr(attempt)


def test_a_page_too_long_for_a_cookie_is_not_returned_to() -> None:
    attempts = Attempts(key="k" * 32)
    assert attempts.begin("/" + "x" * 999).next == "/" + "x" * 999
    assert attempts.begin("/" + "x" * 1000).next == "/"
