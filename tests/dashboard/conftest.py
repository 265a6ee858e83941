"""A browser for the session, and for each file of tests a site that its visitors share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, expect, sync_playwright
from sqlalchemy import Engine, text

from controller.database import open_sessions
from controller.tables import Table
from tests import tools
from tests.cli.served import serving
from tests.dashboard.site import Site
from tests.dashboard.visitor import PATIENCE_MS, Visitor, visiting
from tests.service import Service


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pictures", type=Path, help="a folder for pictures of the pages")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    try:
        program = tools.chromium()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    with sync_playwright() as playwright:
        # no sandbox: tests may run as root, and visit nobody but us
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(migrated: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    service = Service(migrated, open_sessions(migrated), artifacts=tmp_path_factory.mktemp("artifacts"))
    with TestClient(service.app) as http, serving(service.app) as url:
        service.http = http
        yield Site(service=service, url=url)
    with migrated.begin() as connection:
        connection.execute(text("TRUNCATE " + ", ".join(Table.metadata.tables) + " CASCADE"))
        connection.execute(text("INSERT INTO projects (name) VALUES ('default')"))


@pytest.fixture
def visitor(site: Site, browser: Browser, pytestconfig: pytest.Config) -> Iterator[Visitor]:
    with visiting(browser, site.url, pytestconfig.getoption("--pictures", default=None)) as visitor:
        yield visitor
