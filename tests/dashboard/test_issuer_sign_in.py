"""Signing in at an issuer, in a real browser: two sites, their redirects, and the policy of our pages between them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser
from sqlalchemy import Engine

from controller.database import open_sessions
from tests.builders import spec_document
from tests.cli.served import serving
from tests.dashboard.visitor import visiting
from tests.oidc.served import Provider, issuer_of, options_of, provided
from tests.service import API, Service

TOKEN = "the API's own token, 0123456789"


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    with provided(tmp_path) as provider:
        provider.knows("vera-1", email="vera@example.com", groups=["lookers"])
        provider.knows("sam-4", email="sam@example.com", groups=["choir"])
        yield provider


@pytest.fixture
def closed(engine: Engine, tmp_path: Path, provider: Provider) -> Iterator[tuple[Service, str]]:
    """At 127.0.0.1, while the issuer is at localhost: for a browser these are two sites."""
    issuer = issuer_of(options_of(provider.url))
    service = Service(engine, open_sessions(engine), artifacts=tmp_path, admin_token=TOKEN, issuer=issuer)
    service.clock.now = datetime.now(UTC)
    with TestClient(service.app) as http, serving(service.app) as url:
        issuer.options = options_of(provider.url, public_url=url)
        service.http = http
        http.headers["Authorization"] = f"Bearer {TOKEN}"
        yield service, url


def test_a_visitor_signs_in_at_the_issuer_comes_back_to_his_page_and_signs_out(
    closed: tuple[Service, str], provider: Provider, browser: Browser
) -> None:
    service, url = closed
    experiment_id = service.http.post(f"{API}/experiments", json=spec_document()).json()["id"]
    with visiting(browser, url) as visitor:
        visitor.goes_to(f"/experiments/{experiment_id}?sort=-value")
        assert visitor.faults_in_light_and_dark() == []
        assert not visitor.scrolls_sideways()
        assert visitor.out_of_reach() == []

        visitor.page.get_by_role("link", name="Sign in with the tests' issuer").click()
        visitor.page.wait_for_url(f"{provider.url}/oauth2/authorize**")
        visitor.page.get_by_placeholder("sub").fill("sam-4")
        service.clock.now = max(service.clock.now, datetime.now(UTC))
        visitor.presses("Authorize", "body")
        visitor.sees("none of your groups")
        visitor.expects("403")

        visitor.page.get_by_role("link", name="Sign in with the tests' issuer").click()
        visitor.page.get_by_placeholder("sub").fill("vera-1")
        service.clock.now = max(service.clock.now, datetime.now(UTC))
        visitor.presses("Authorize", "body")
        visitor.sees("Running for", "#status")
        visitor.sees("vera@example.com, viewer", "header")
        assert visitor.page.url == f"{url}/experiments/{experiment_id}?sort=-value"
        assert visitor.page.evaluate("document.cookie") == ""
        [cookie] = visitor.page.context.cookies(url)
        assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("podium_visit", True, "Lax")

        visitor.presses("Sign out", "header")
        visitor.sees("Sign in")
        assert visitor.page.context.cookies(url) == []
