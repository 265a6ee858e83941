"""Signing in at a real issuer, over HTTP: who gets in, as whom, and for how long."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from controller.api.guesses import GUESSES
from controller.dashboard.admission import COOKIE
from controller.dashboard.visit import Visits
from controller.database import open_sessions
from controller.oidc.grants import Grant
from controller.oidc.issuer import WELL_KNOWN
from controller.oidc.person import Person
from podium.access import Role
from tests.access.doors import ADMIN, BOOTSTRAP, HERE, MINE, THEIRS, make_experiment, make_project, sign_in
from tests.builders import spec_document
from tests.oidc.served import (
    Provider,
    come_back,
    issuer_of,
    options_of,
    set_out,
    sign_in_at_the_issuer,
    sign_in_there,
)
from tests.service import API, Service


def refusal(text: str) -> str:
    found = re.search(r'class="refusal"[^>]*>([^<]*)', text)
    return found.group(1) if found else ""


def is_known(service: Service) -> bool:
    return service.http.get("/").status_code == 200


def test_somebody_signs_in_and_is_led_where_he_was_going(closed: Service) -> None:
    shown = closed.http.get("/sign-in", params={"next": "/compare?id=a&id=b"}).text
    assert "Sign in with the tests&#39; issuer" in shown
    assert 'href="/sign-in/oidc?next=/compare%3Fid%3Da%26id%3Db"' in shown
    answer = sign_in_at_the_issuer(closed, "vera-1", "/compare?id=a&id=b")
    assert (answer.status_code, answer.headers["location"]) == (303, "/compare?id=a&id=b")
    assert "vera@example.com, viewer" in closed.http.get("/").text


def test_the_way_there_asks_for_what_is_needed_and_each_time_anew(closed: Service, provider: Provider) -> None:
    asked = [parse_qs(urlsplit(set_out(closed)).query) for _ in range(2)]
    assert asked[0]["scope"] == ["openid profile email"]
    assert asked[0]["redirect_uri"] == ["http://localhost:8080/sign-in/oidc/callback"]
    assert (asked[0]["response_type"], asked[0]["code_challenge_method"]) == (["code"], ["S256"])
    for once in ("state", "nonce", "code_challenge"):
        assert asked[0][once] != asked[1][once]


@pytest.mark.parametrize(
    ("subject", "creates", "administers"), [("vera-1", 403, 403), ("eve-2", 303, 403), ("ada-3", 303, 200)]
)
def test_groups_are_roles(closed: Service, subject: str, creates: int, administers: int) -> None:
    make_project(closed, MINE)
    sign_in_at_the_issuer(closed, subject)
    form = {"spec": json.dumps(spec_document())}
    assert closed.http.post("/new", data=form, headers=HERE).status_code == creates
    assert closed.http.get("/audit").status_code == administers


def test_projects_are_a_wall_for_who_comes_from_the_issuer_too(closed: Service) -> None:
    for project in (MINE, THEIRS):
        make_project(closed, project)
    mine, theirs = make_experiment(closed, MINE), make_experiment(closed, THEIRS)
    sign_in_at_the_issuer(closed, "eve-2")
    assert closed.http.get(f"/experiments/{mine}").status_code == 200
    assert closed.http.get(f"/experiments/{theirs}").status_code == 404
    assert closed.http.post(f"/experiments/{theirs}/pause", headers=HERE).status_code == 404
    assert closed.http.post(f"/experiments/{mine}/pause", headers=HERE).status_code == 303


def test_the_trail_names_who_it_was_and_by_what_he_is_known_for_good(closed: Service) -> None:
    make_project(closed, MINE)
    experiment_id = make_experiment(closed, MINE)
    sign_in_at_the_issuer(closed, "eve-2")
    assert closed.http.post(f"/experiments/{experiment_id}/pause", headers=HERE).status_code == 303
    [last, *_] = closed.http.get(f"{API}/audit", headers=ADMIN).json()["items"]
    assert (last["who"], last["source"], last["action"]) == ("eve@example.com (eve-2)", "oidc", "experiment paused")


def test_who_is_in_no_group_is_told_so_and_what_to_do(closed: Service) -> None:
    answer = sign_in_at_the_issuer(closed, "sam-4")
    assert answer.status_code == 403
    assert "sam@example.com" in refusal(answer.text)
    assert "PODIUM_OIDC_GROUPS" in refusal(answer.text)
    assert COOKIE not in closed.http.cookies
    assert not is_known(closed)


def test_the_cookie_is_kept_from_scripts_and_other_sites_and_opens_no_api(closed: Service) -> None:
    answer = sign_in_at_the_issuer(closed, "ada-3")
    visit, attempt = answer.headers.get_list("set-cookie")
    assert visit.startswith(f"{COOKIE}=")
    assert {"httponly", "samesite=lax", "path=/", "max-age=28800"} <= set(visit.lower().split("; "))
    assert attempt.startswith('podium_sign_in="";')
    assert closed.http.get(f"{API}/experiments").status_code == 401


def test_behind_tls_both_cookies_are_secure(
    engine: Engine, tmp_path: Path, provider: Provider, closed: Service
) -> None:
    issuer = issuer_of(options_of(provider.url, public_url="https://podium.example.com"))
    service = Service(engine, open_sessions(engine), artifacts=tmp_path, admin_token=BOOTSTRAP, issuer=issuer)
    service.clock.now = closed.clock.now
    with TestClient(service.app, base_url="https://podium.example.com", follow_redirects=False) as service.http:
        assert "; Secure" in service.http.get("/sign-in/oidc").headers["set-cookie"]
        assert "; Secure" in sign_in_at_the_issuer(service, "ada-3").headers.get_list("set-cookie")[0]


def test_signing_out_ends_the_visit(closed: Service) -> None:
    sign_in_at_the_issuer(closed, "ada-3")
    assert is_known(closed)
    assert closed.http.post("/sign-out", headers=HERE).headers["location"] == "/sign-in"
    assert not is_known(closed)


def test_a_visit_ends_after_its_hours_and_begins_with_the_groups_of_then(closed: Service, provider: Provider) -> None:
    sign_in_at_the_issuer(closed, "ada-3")
    closed.clock.advance(8 * 3600 - 60)
    assert is_known(closed)
    closed.clock.advance(61)
    assert not is_known(closed)


def test_what_groups_give_is_for_the_settings_of_now_and_another_issuer_ends_all_visits() -> None:
    service_key, person = "k" * 32, Person(subject="ada-3", name="ada", groups=frozenset({"ml-platform", "choir"}))
    options = options_of("https://issuer.example.com")
    now = datetime(2026, 11, 27, tzinfo=UTC)
    cookie = Visits(key=service_key, admin_token=BOOTSTRAP, issuer=options).begin_from(options, person, now)

    def read(issuer: object) -> object:
        return Visits(key=service_key, admin_token=BOOTSTRAP, issuer=issuer).read(cookie, now)  # type: ignore[arg-type]

    assert read(options) is not None
    assert "choir" not in str(read(options)), "a group that gives nothing is none of ours"
    assert read(None) is None
    assert read(options_of("https://other.example.com")) is None
    assert read(options_of("https://issuer.example.com", client_id="other")) is None


def test_a_group_that_opens_nothing_any_more_ends_its_visits(closed: Service) -> None:
    sign_in_at_the_issuer(closed, "vera-1")
    assert is_known(closed)
    options = closed.app.state.collaborators.issuer.options
    closed.app.state.collaborators.issuer.options = options_of(
        options.issuer, grants={"lookers": Grant(role=Role.ADMIN)}
    )
    assert closed.http.get("/audit").status_code == 200
    closed.app.state.collaborators.issuer.options = options_of(options.issuer, grants={"none": Grant(role=Role.ADMIN)})
    assert not is_known(closed)


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a\nb"])
def test_nobody_is_led_elsewhere(closed: Service, wanted: str) -> None:
    assert sign_in_at_the_issuer(closed, "vera-1", wanted).headers["location"] == "/"


def test_what_the_issuer_tells_only_when_asked_is_asked_for(closed: Service, provider: Provider) -> None:
    provider.lies(claims={"groups": None})
    assert sign_in_at_the_issuer(closed, "ada-3").headers["location"] == "/"
    assert "ada@example.com, admin" in closed.http.get("/").text


def test_keys_that_the_issuer_has_changed_are_asked_for_again_and_others_are_not(
    closed: Service, provider: Provider
) -> None:
    before = len(provider.asked("/jwks"))
    for times, change in ((1, False), (1, False), (2, True)):
        if change:
            provider.changes_its_keys()
        assert sign_in_at_the_issuer(closed, "ada-3").headers["location"] == "/"
        assert len(provider.asked("/jwks")) - before == times


def test_an_issuer_that_is_away_is_told_and_tokens_still_open(closed: Service, provider: Provider) -> None:
    provider.lies(fails=True)
    answer = closed.http.get("/sign-in/oidc", params={"next": "/new"})
    assert answer.status_code == 503
    assert "does not answer as it should (HTTP 500)" in refusal(answer.text)
    assert 'name="next" value="/new"' in answer.text
    asked = len(provider.asked(WELL_KNOWN))
    for _ in range(3 * GUESSES.burst):
        assert closed.http.get("/sign-in/oidc").status_code == 503
    assert len(provider.asked(WELL_KNOWN)) == asked, "it is not asked again at once"
    assert sign_in(closed, BOOTSTRAP).status_code == 303
    assert is_known(closed)
    provider.lies()
    closed.clock.advance(6)
    assert sign_in_at_the_issuer(closed, "ada-3").status_code == 303


def test_an_issuer_that_nobody_listens_for_is_told(closed: Service) -> None:
    closed.app.state.collaborators.issuer.options = options_of("http://localhost:9")
    answer = closed.http.get("/sign-in/oidc")
    assert answer.status_code == 503
    assert "sign in with a token" in refusal(answer.text)


def test_attempts_that_fail_are_counted_with_guesses_and_those_that_succeed_are_not(
    closed: Service, provider: Provider
) -> None:
    for _ in range(GUESSES.burst + 2):
        assert sign_in_at_the_issuer(closed, "ada-3").headers["location"] == "/"
    for _ in range(GUESSES.burst):
        assert closed.http.get("/sign-in/oidc/callback", params={"code": "x", "state": "y"}).status_code == 401
    assert closed.http.get("/sign-in/oidc/callback", params={"code": "x", "state": "y"}).status_code == 429
    assert closed.http.get("/sign-in/oidc").status_code == 429
    assert sign_in(closed, "a guess").status_code == 429


def test_without_an_issuer_there_is_no_button_and_no_way(
    engine: Engine, tmp_path: Path, closed: Service, provider: Provider
) -> None:
    back = sign_in_there(set_out(closed), "ada-3")
    service = Service(engine, open_sessions(engine), artifacts=tmp_path, admin_token=BOOTSTRAP)
    with TestClient(service.app, follow_redirects=False) as service.http:
        assert "Sign in with" not in service.http.get("/sign-in").text
        assert service.http.get("/sign-in/oidc").headers["location"] == "/sign-in?next=%2F"
        assert come_back(service, back).headers["location"] == "/sign-in"
    assert timedelta(hours=8) == options_of(provider.url).lifetime
