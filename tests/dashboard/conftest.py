"""A browser for the session, and for each file of tests a site that its visitors share."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, expect, sync_playwright
from sqlalchemy import Engine, text

from controller.database import open_sessions
from controller.tables import Table
from tests import tools
from tests.cli.served import serving
from tests.dashboard.kept import FULL_ONLY, SEARCHED, KeptSite, put_back
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


@contextmanager
def served(engine: Engine, artifacts: Path) -> Iterator[tuple[Service, str]]:
    """The whole application on a socket, with its address; its rows go with it."""
    service = Service(engine, open_sessions(engine), artifacts=artifacts)
    with TestClient(service.app) as http, serving(service.app) as url:
        service.http = http
        yield service, url
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE " + ", ".join(Table.metadata.tables) + " CASCADE"))
        connection.execute(text("INSERT INTO projects (name) VALUES ('default')"))


@pytest.fixture(scope="module")
def site(migrated: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(migrated, tmp_path_factory.mktemp("artifacts")) as (service, url):
        yield Site(service=service, url=url)


@pytest.fixture(scope="module")
def kept_site(migrated: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptSite]:
    artifacts = tmp_path_factory.mktemp("artifacts")
    with served(migrated, artifacts) as (service, url):
        with migrated.begin() as connection:
            for folder in (SEARCHED, FULL_ONLY):
                put_back(connection, artifacts.as_uri(), folder)
            ended_at = connection.execute(text("SELECT max(ended_at) FROM experiments")).scalar_one()
        service.clock.now = ended_at + timedelta(minutes=5)
        yield KeptSite(service=service, url=url)


@pytest.fixture
def guest(kept_site: KeptSite, browser: Browser, pytestconfig: pytest.Config) -> Iterator[Visitor]:
    """A visitor of the site with experiments that were really run."""
    with visiting(browser, kept_site.url, pytestconfig.getoption("--pictures", default=None)) as visitor:
        yield visitor


@pytest.fixture
def visitor(site: Site, browser: Browser) -> Iterator[Visitor]:
    with visiting(browser, site.url) as visitor:
        yield visitor
