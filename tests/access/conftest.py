"""What the tests of access share: a service with a token, and the option that writes their table."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from controller.database import open_sessions
from tests.access.doors import BOOTSTRAP
from tests.service import Service


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-table", action="store_true", help="write the table in docs/access.md anew")


@pytest.fixture
def closed(engine: Engine, tmp_path: Path) -> Iterator[Service]:
    made = Service(engine, open_sessions(engine), artifacts=tmp_path, admin_token=BOOTSTRAP)
    with TestClient(made.app, follow_redirects=False) as http:
        made.http = http
        yield made
