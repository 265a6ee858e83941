"""Signing in, in a real browser: its own rules on cookies and forms are a part of what keeps others out."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine

from controller.dashboard.visit import LIFETIME
from controller.database import open_sessions
from tests.builders import spec_document
from tests.cli.served import serving
from tests.dashboard.visitor import PATIENCE_MS, Visitor, visiting
from tests.service import API, Service

TOKEN = "the API's own token, 0123456789"


@pytest.fixture
def closed(engine: Engine, tmp_path: Path) -> Iterator[tuple[Service, str]]:
    service = Service(engine, open_sessions(engine), artifacts=tmp_path, admin_token=TOKEN)
    with TestClient(service.app) as http, serving(service.app) as url:
        service.http = http
        http.headers["Authorization"] = f"Bearer {TOKEN}"
        yield service, url


def enter(visitor: Visitor, token: str) -> None:
    visitor.page.get_by_label("The API's token").fill(token)
    visitor.presses("Sign in")


def test_a_visitor_signs_in_is_asked_anew_when_the_visit_ends_and_signs_out(
    closed: tuple[Service, str], browser: Browser
) -> None:
    service, url = closed
    experiment_id = service.http.post(f"{API}/experiments", json=spec_document()).json()["id"]
    with visiting(browser, url) as visitor:
        visitor.goes_to(f"/experiments/{experiment_id}?sort=-value")
        visitor.sees("Sign in")
        assert experiment_id not in visitor.page.locator("body").inner_text()
        assert visitor.faults_in_light_and_dark() == []
        assert not visitor.scrolls_sideways()

        enter(visitor, "a guess, 0123456789")
        visitor.sees("That is not a token of this API")
        visitor.expects("401")
        enter(visitor, TOKEN)
        visitor.sees("Running for", "#status")
        assert visitor.page.url.endswith(f"/experiments/{experiment_id}?sort=-value")
        assert visitor.page.evaluate("document.cookie") == ""
        [cookie] = visitor.page.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")

        service.clock.advance(LIFETIME.total_seconds() + 1)
        expect(visitor.page.get_by_label("The API's token")).to_be_visible(timeout=PATIENCE_MS)
        visitor.expects("401")
        assert experiment_id not in visitor.page.locator("body").inner_text()

        enter(visitor, TOKEN)
        visitor.sees("Running for", "#status")
        visitor.presses("Sign out", "header")
        visitor.sees("Sign in")
        assert visitor.page.context.cookies() == []
        visitor.page.go_back()
        expect(visitor.page.get_by_label("The API's token")).to_be_visible(timeout=PATIENCE_MS)
        visitor.complaints.clear()  # a part of the page before may have asked once more


def test_a_spec_outlives_the_visit_in_which_it_was_typed(closed: tuple[Service, str], browser: Browser) -> None:
    service, url = closed
    with visiting(browser, url) as visitor:
        visitor.goes_to("/new")
        enter(visitor, TOKEN)
        visitor.page.wait_for_url(f"{url}/new", timeout=PATIENCE_MS)  # with its scripts, one of which keeps the draft
        spec = json.dumps(spec_document(name="long-in-the-making"))
        visitor.page.get_by_label("The spec").fill(spec)
        service.clock.advance(LIFETIME.total_seconds() + 1)
        visitor.presses("Create")
        enter(visitor, TOKEN)
        expect(visitor.page.get_by_label("The spec")).to_have_value(spec)
        visitor.page.wait_for_url(f"{url}/new", timeout=PATIENCE_MS)
        visitor.presses("Create")
        visitor.sees("Running for", "#status")
        visitor.goes_to("/new")
        expect(visitor.page.get_by_label("The spec")).to_have_value("")


def test_a_form_on_another_site_pauses_nothing(closed: tuple[Service, str], browser: Browser) -> None:
    service, url = closed
    experiment_id = service.http.post(f"{API}/experiments", json=spec_document()).json()["id"]
    with visiting(browser, url) as visitor:
        visitor.goes_to("/")
        enter(visitor, TOKEN)
        visitor.sees(experiment_id)
        link = f'<a href="{url}/experiments/{experiment_id}">Look</a>'
        form = (
            link + f'<form method="post" action="{url}/experiments/{experiment_id}/pause"><button>Win</button></form>'
        )
        visitor.page.route("http://elsewhere.test/", lambda route: route.fulfill(content_type="text/html", body=form))
        visitor.page.goto("http://elsewhere.test/")
        visitor.page.get_by_role("link", name="Look").click()
        visitor.sees("Running for", "#status")
        visitor.page.goto("http://elsewhere.test/")
        visitor.page.get_by_role("button", name="Win").click()
        visitor.page.wait_for_url(f"{url}/**")
        visitor.complaints.clear()
        assert service.http.get(f"{API}/experiments/{experiment_id}").json()["state"] == "running"


def test_a_viewer_looks_and_an_admin_sees_who_changed_what(closed: tuple[Service, str], browser: Browser) -> None:
    service, url = closed
    experiment_id = service.http.post(f"{API}/experiments", json=spec_document()).json()["id"]
    order = {"name": "somebody-who-only-looks", "role": "viewer"}
    secret = service.http.post(f"{API}/tokens", json=order).json()["secret"]
    with visiting(browser, url) as visitor:
        visitor.goes_to(f"/experiments/{experiment_id}")
        enter(visitor, secret)
        visitor.sees("Running for", "#status")
        visitor.sees("somebody-who-only-looks, viewer", "header")
        expect(visitor.page.get_by_role("button", name="Pause…")).to_have_count(0)
        expect(visitor.page.get_by_role("link", name="New experiment")).to_have_count(0)
        assert visitor.faults_in_light_and_dark() == []
        visitor.presses("Sign out", "header")
        enter(visitor, TOKEN)
        visitor.page.get_by_role("link", name="Changes").click()
        visitor.sees("token created")
        assert visitor.faults_in_light_and_dark() == []
        assert not visitor.scrolls_sideways()
        assert visitor.out_of_reach() == []
