"""A real PostgreSQL for every test that needs one, migrated once, emptied after each test."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from controller.database import migrate, open_engine, open_sessions
from controller.embedded import embedded_postgres
from controller.tables import Table
from tests.service import Service

# Tests run side by side, and what they train is tiny: threads of PyTorch would wait for each other, spinning.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session", autouse=True)
def _logs() -> None:
    """Send logs to where pytest keeps them for a test that fails, not to the output that tests of commands read."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


@pytest.fixture(scope="session", autouse=True)
def _no_profiles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What `podium login` kept on this machine is none of the tests' business."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        patch.delenv("PODIUM_PROFILE", raising=False)
        yield


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    # not pytest's own folder: as root PostgreSQL runs as nobody, and every other pytest's start shuts that folder again
    with tempfile.TemporaryDirectory() as state_dir, embedded_postgres(Path(state_dir)) as url:
        yield url


@pytest.fixture(scope="session")
def migrated(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(migrated: Engine) -> Iterator[Engine]:
    yield migrated
    with migrated.begin() as connection:
        connection.execute(text("TRUNCATE " + ", ".join(Table.metadata.tables) + " CASCADE"))
        connection.execute(text("INSERT INTO projects (name) VALUES ('default')"))


@pytest.fixture
def service(engine: Engine, tmp_path: Path) -> Iterator[Service]:
    """The application with its reconciler, on a fake cluster and a clock that a test moves."""
    made = Service(engine, open_sessions(engine), artifacts=tmp_path)
    with TestClient(made.app) as http:
        made.http = http
        yield made
