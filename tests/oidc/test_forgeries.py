"""What is not believed: answers to what nobody asked, and ID tokens not for us, not of now, or not of the issuer."""

import re

import httpx2
import pytest

from controller.oidc.attempt import LIFETIME
from tests.oidc.served import TRUST, Provider, come_back, set_out, sign_in_at_the_issuer, sign_in_there
from tests.oidc.test_sign_in import is_known, refusal
from tests.service import Service


@pytest.mark.parametrize(
    ("lie", "told"),
    [
        ({"claims": {"nonce": "another"}}, "nonce"),
        ({"claims": {"nonce": None}}, "nonce"),
        ({"claims": {"aud": "another-client"}}, "aud"),
        ({"claims": {"aud": ["another-client"]}}, "aud"),
        ({"claims": {"aud": ["podium", "another-client"], "azp": "another-client"}}, "azp"),
        ({"claims": {"iss": "https://evil.example"}}, "iss"),
        ({"claims": {"iss": None}}, "iss"),
        ({"claims": {"sub": None}}, "sub"),
        ({"claims": {"sub": "two\nlines"}}, "names no subject"),
        ({"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}}, "at_hash"),
        ({"claims": {"iat": 4_000_000_000}}, "in the future"),
        ({"seconds": -62}, "expired"),
        ({"signed": "by another"}, "no key of the issuer"),
        ({"signed": "by the public key as a secret"}, "not believed"),
        ({"signed": "by nobody"}, "not believed"),
    ],
    ids=str,
)
def test_an_id_token_that_is_not_right_in_everything_lets_nobody_in(
    closed: Service, provider: Provider, lie: dict[str, object], told: str
) -> None:
    provider.lies(**lie)
    answer = sign_in_at_the_issuer(closed, "ada-3")
    assert answer.status_code == 401
    assert told in refusal(answer.text)
    assert not is_known(closed)


def test_a_clock_that_is_a_little_slow_is_forgiven(closed: Service, provider: Provider) -> None:
    provider.lies(seconds=-30)
    assert sign_in_at_the_issuer(closed, "ada-3").status_code == 303


@pytest.mark.parametrize("changed", [("state=", "state=x"), (r"&state=[^&]*", "")], ids=["another", "none"])
def test_another_state_lets_nobody_in(closed: Service, changed: tuple[str, str]) -> None:
    back = sign_in_there(set_out(closed), "ada-3")
    answer = come_back(closed, re.sub(*changed, back))
    assert answer.status_code == 401
    assert "this browser began no such sign-in" in refusal(answer.text)
    assert not is_known(closed)


def test_an_answer_in_a_browser_that_did_not_ask_lets_nobody_in(closed: Service) -> None:
    """As where a page has its visitor sign in as somebody else, whose experiments he then believes to be his."""
    back = sign_in_there(set_out(closed), "ada-3")
    closed.http.cookies.clear()
    assert come_back(closed, back).status_code == 401
    set_out(closed)
    assert come_back(closed, back).status_code == 401
    assert not is_known(closed)


def test_an_answer_is_taken_once(closed: Service) -> None:
    back = sign_in_there(set_out(closed), "ada-3")
    kept = closed.http.cookies["podium_sign_in"]
    assert come_back(closed, back).status_code == 303
    closed.http.cookies.delete("podium_visit")
    answer = come_back(closed, back)
    assert (answer.status_code, "this browser began no such" in refusal(answer.text)) == (401, True)
    closed.http.cookies.set("podium_sign_in", kept, domain="testserver.local", path="/sign-in/oidc")
    answer = come_back(closed, back)
    assert answer.status_code == 401
    assert "refused: invalid_grant" in refusal(answer.text)
    assert not is_known(closed)


def test_an_attempt_is_good_for_ten_minutes(closed: Service) -> None:
    back = sign_in_there(set_out(closed), "ada-3")
    closed.clock.advance(LIFETIME.total_seconds() + 1)
    assert come_back(closed, back).status_code == 401


def test_a_code_of_another_attempt_lets_nobody_in(closed: Service) -> None:
    """PKCE: whoever has somebody's code, and brings it into a sign-in of his own, has not the verifier of it."""
    stolen = httpx2.URL(sign_in_there(set_out(closed), "ada-3")).params["code"]
    own = httpx2.URL(sign_in_there(set_out(closed), "vera-1"))
    answer = come_back(closed, str(own.copy_set_param("code", stolen)))
    assert (answer.status_code, "invalid_grant" in refusal(answer.text)) == (401, True)
    assert not is_known(closed)


def test_what_the_issuer_tells_of_somebody_else_is_not_taken(closed: Service, provider: Provider) -> None:
    provider.lies(claims={"groups": None}, userinfo={"sub": "vera-1"})
    answer = sign_in_at_the_issuer(closed, "ada-3")
    assert (answer.status_code, "somebody else" in refusal(answer.text)) == (401, True)


def test_another_issuers_answer_lets_nobody_in(closed: Service) -> None:
    back = sign_in_there(set_out(closed), "ada-3") + "&iss=https%3A%2F%2Fevil.example"
    answer = come_back(closed, back)
    assert (answer.status_code, "is not of" in refusal(answer.text)) == (401, True)


def test_who_says_no_at_the_issuer_is_told_what_it_says(closed: Service) -> None:
    there = set_out(closed)
    back = httpx2.post(there, data={"action": "deny"}, verify=TRUST).headers["location"]
    state = httpx2.URL(there).params["state"]
    answer = come_back(closed, back if "state=" in back else f"{back}&state={state}")
    assert answer.status_code == 401
    assert "access_denied" in refusal(answer.text)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"issuer": "https://evil.example"}, "calls itself"),
        ({"token_endpoint": "http://evil.example/token"}, "no token_endpoint with https"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "no authorization_endpoint with https"),
        ({"jwks_uri": None}, "no jwks_uri with https"),
    ],
    ids=str,
)
def test_a_description_of_another_or_without_tls_is_not_used(
    closed: Service, provider: Provider, document: dict[str, object], told: str
) -> None:
    provider.lies(document=document)
    answer = closed.http.get("/sign-in/oidc")
    assert answer.status_code == 503
    assert told in refusal(answer.text)
