"""Every code block of docs/sdk.md, on a real controller whose trials train at once."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from controller.database import open_sessions
from tests.cli.served import serving
from tests.docs.blocks import run_blocks
from tests.service import Service

ROOT = Path(__file__).parents[2]
TOKEN = "correct-horse-battery-staple"


@contextmanager
def training(service: Service) -> Iterator[None]:
    """Train whatever the controller starts, for as long as the block lasts; a better value for each trial."""
    stopping = threading.Event()

    def work() -> None:
        while not stopping.wait(0.02):
            service.settle()
            for job in service.active():
                service.clock.advance(60)
                service.finish(job, 0.9 + service.assignment(job)["trial"] / 1000, val_loss=0.25)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def test_the_sdks_page_is_true(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(engine, open_sessions(engine), artifacts=tmp_path / "artifacts", admin_token=TOKEN)
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "token.txt").write_text(TOKEN)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with TestClient(service.app) as service.http, serving(service.app) as url, training(service):
        environment = {
            "PYTHONPATH": str(ROOT),
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "CONTROLLER": url,
        }
        ran = run_blocks(ROOT / "docs" / "sdk.md", folder, environment=environment, known={})
    assert ran >= 10
