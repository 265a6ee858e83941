"""A provider for each file of tests, and a closed service that knows it, whose clock shows the time."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from controller.database import open_sessions
from tests.access.doors import BOOTSTRAP
from tests.oidc.served import Provider, issuer_of, options_of, provided
from tests.service import Service


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with provided(tmp_path_factory.mktemp("provider")) as provider:
        yield provider


@pytest.fixture
def provider(running: Provider) -> Provider:
    """It knows somebody of each role, and tells the truth."""
    running.lies()
    running.knows("vera-1", email="vera@example.com", groups=["lookers", "choir"])
    running.knows("eve-2", email="eve@example.com", groups=["team-vision", "lookers"])
    running.knows("ada-3", email="ada@example.com", groups=["ml-platform"])
    running.knows("sam-4", email="sam@example.com", groups=["choir"])
    return running


@pytest.fixture
def closed(engine: Engine, tmp_path: Path, provider: Provider) -> Iterator[Service]:
    issuer = issuer_of(options_of(provider.url))
    made = Service(engine, open_sessions(engine), artifacts=tmp_path, admin_token=BOOTSTRAP, issuer=issuer)
    made.clock.now = datetime.now(UTC)
    with TestClient(made.app, follow_redirects=False) as http:
        made.http = http
        yield made
