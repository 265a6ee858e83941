"""Without a valid session the pages show nothing; where the API is open, so are they."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import jwt
import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine

from controller.dashboard.admission import COOKIE
from controller.dashboard.door import PAGES
from controller.dashboard.visit import LIFETIME, Visits
from controller.database import open_sessions
from controller.principal import BOOTSTRAP
from tests.builders import spec_document
from tests.service import API, Service

TOKEN = "the API's own token, 0123456789"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
HERE = {"Origin": "http://testserver"}
CLOSED = (
    "/",
    "/new",
    "/compare",
    "/docs",
    "/experiments/{id}",
    "/experiments/{id}/trials/1",
    "/parts/experiments",
    "/parts/compare?id={id}",
    "/parts/experiments/{id}/now",
    "/parts/experiments/{id}/trials",
    "/parts/experiments/{id}/trials/1",
    "/parts/experiments/{id}/trials/1/results",
    "/data/experiments/{id}/figures",
    "/data/experiments/{id}/figures/history",
    "/data/experiments/{id}/trials.csv",
    "/report?id={id}",
    "/data/experiments/{id}/trials/1/curves",
    "/data/experiments/{id}/trials/1/confusion",
    "/data/experiments/{id}/trials/1/results",
    "/data/experiments/{id}/trials/1/results/mistakes/00.png",
)
FORMS = ("/new", *(f"/experiments/{{id}}/{verb}" for verb in ("pause", "resume", "stop", "change", "trials/1/stop")))


@pytest.fixture
def closed(engine: Engine, tmp_path: Path) -> Iterator[Service]:
    made = Service(engine, open_sessions(engine), artifacts=tmp_path, admin_token=TOKEN)
    with TestClient(made.app, follow_redirects=False) as http:
        made.http = http
        yield made


@pytest.fixture
def experiment_id(closed: Service) -> str:
    answer = closed.http.post(f"{API}/experiments", json=spec_document(name="secret-name"), headers=BEARER)
    return str(answer.json()["id"])


def sign_in(service: Service, token: str = TOKEN, **headers: str) -> Response:
    return service.http.post("/sign-in", data={"token": token, "next": "/new"}, headers=HERE | headers)


def is_closed(answer: Response) -> bool:
    """Say whether an answer tells nothing."""
    told = answer.text.replace(answer.request.url.path, "")  # a problem's `instance` is what was asked for
    assert "secret-name" not in told
    if answer.status_code == 303:
        return answer.headers["location"].startswith("/sign-in") and answer.text == ""
    return answer.status_code == 401


def test_every_page_part_and_figure_is_closed(closed: Service, experiment_id: str) -> None:
    names = {"experiment_id": experiment_id, "number": 1, "name": "history"}
    routes = [route for pages in PAGES for route in pages.router.routes if isinstance(route, APIRoute)]
    assert len(routes) > 15
    for route in routes:
        for method in route.methods or ():
            assert is_closed(closed.http.request(method, route.path.format_map(names), headers=HERE)), route.path
    for path in CLOSED:
        assert is_closed(closed.http.get(path.format(id=experiment_id))), path
    for path in FORMS:
        assert is_closed(closed.http.post(path.format(id=experiment_id), headers=HERE)), path
    assert closed.http.get(f"{API}/experiments/{experiment_id}", headers=BEARER).json()["state"] == "running"


def test_who_knows_the_token_is_led_where_he_was_going_and_out_again(closed: Service, experiment_id: str) -> None:
    page = f"/experiments/{experiment_id}?sort=-value"
    led = closed.http.get(page)
    assert led.headers["location"] == f"/sign-in?next=%2Fexperiments%2F{experiment_id}%3Fsort%3D-value"
    assert 'value="/experiments/' in closed.http.get(led.headers["location"]).text
    answer = sign_in(closed)
    assert (answer.status_code, answer.headers["location"]) == (303, "/new")
    for path in CLOSED:
        if "trials/1" not in path:  # there is none yet
            assert closed.http.get(path.format(id=experiment_id)).status_code == 200, path
    assert closed.http.post("/sign-out", headers=HERE).status_code == 303
    assert is_closed(closed.http.get(page))


def test_the_cookie_is_kept_from_scripts_and_other_sites_and_is_not_the_token(closed: Service) -> None:
    cookie = sign_in(closed).headers["set-cookie"]
    assert "httponly" in cookie.lower()
    assert "samesite=lax" in cookie.lower()
    assert "path=/" in cookie.lower()
    assert "secure" not in cookie.lower()
    assert TOKEN not in cookie
    assert "secure" in sign_in(closed, Origin="https://testserver").headers["set-cookie"].lower()


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + " ", TOKEN.upper(), "ü"])
def test_another_token_opens_nothing(closed: Service, token: str) -> None:
    answer = sign_in(closed, token)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "That is not a token of this API" in answer.text


def test_a_visit_ends_after_a_day_and_with_the_token(closed: Service) -> None:
    sign_in(closed)
    closed.clock.advance(LIFETIME.total_seconds() - 60)
    assert closed.http.get("/").status_code == 200
    closed.clock.advance(61)
    assert is_closed(closed.http.get("/"))
    now = closed.clock()
    visits = Visits(key=closed.signer.key, admin_token=TOKEN)
    assert visits.read(visits.begin(BOOTSTRAP, now), now) is not None
    for other in (
        Visits(key=closed.signer.key, admin_token="the next token, 0123456789"),
        Visits(key="o" * 32, admin_token=TOKEN),
    ):
        assert visits.read(other.begin(BOOTSTRAP, now), now) is None


def test_what_was_signed_for_something_else_opens_nothing(closed: Service) -> None:
    now = closed.clock()
    run_token = closed.signer.sign("tiny-abcd-t1-e1-a1", now)
    unsigned = jwt.encode(
        {"aud": "podium-dashboard", "exp": now + timedelta(days=1), "source": "token", "id": 1},
        key="",
        algorithm="none",
    )
    for cookie in (run_token, unsigned, TOKEN, "", "a.b.c"):
        closed.http.cookies.set(COOKIE, cookie)
        assert is_closed(closed.http.get("/")), cookie


def test_the_cookie_opens_pages_and_not_the_api(closed: Service) -> None:
    sign_in(closed)
    assert closed.http.get("/").status_code == 200
    assert closed.http.get(f"{API}/experiments").status_code == 401


def test_an_open_page_is_told_to_ask_anew(closed: Service) -> None:
    answer = closed.http.get("/parts/experiments", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-refresh"]) == (401, "true")


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a\nb"])
def test_nobody_is_led_elsewhere(closed: Service, wanted: str) -> None:
    answer = closed.http.post("/sign-in", data={"token": TOKEN, "next": wanted}, headers=HERE)
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://testserver.evil.example"},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_a_form_of_another_site_changes_nothing(service: Service, headers: dict[str, str]) -> None:
    """Also where the API is open, and no cookie keeps it out."""
    experiment_id = service.create()
    for path in (*FORMS, "/sign-in", "/sign-out"):
        answer = service.http.post(path.format(id=experiment_id), headers=headers, data={"spec": "{}"})
        assert answer.status_code == 403, path
    assert service.read(experiment_id)["state"] == "running"


def test_pages_are_open_where_the_api_is(service: Service) -> None:
    experiment_id = service.create()
    for path in CLOSED[:9]:
        assert (
            service.http.get(path.format(id=experiment_id), follow_redirects=False).status_code == 200
            or "trials/1" in path
        )
    assert "Sign out" not in service.http.get("/").text
    assert service.http.get("/sign-in", follow_redirects=False).headers["location"] == "/"
