"""Every code block of docs/sdk.md, on a real controller whose trials train at once."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from controller.database import open_sessions
from tests.docs.blocks import run_blocks
from tests.docs.study import ROOT, TOKEN, controller_that_trains, shell_environment
from tests.service import Service


def test_the_sdks_page_is_true(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(engine, open_sessions(engine), artifacts=tmp_path / "artifacts", admin_token=TOKEN)
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "token.txt").write_text(TOKEN)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with controller_that_trains(service) as url:
        environment = shell_environment(CONTROLLER=url)
        ran = run_blocks(ROOT / "docs" / "sdk.md", folder, environment=environment, known={})
    assert ran >= 10
