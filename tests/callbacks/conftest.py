"""A trial of each library's own training loop, against the endpoints of a run over real HTTP."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import podium
from podium.sdk import Trial
from tests.sdk.fake_run_api import TOKEN, FakeRunApi, assignment, serving

Train = Callable[[Trial], None]


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRunApi]:
    monkeypatch.chdir(tmp_path)  # both libraries write beside where they run
    with serving(FakeRunApi(assignment(tmp_path / "t3", objective="val_loss"))) as served:
        monkeypatch.setitem(os.environ, "PODIUM_URL", served.url)
        monkeypatch.setitem(os.environ, "PODIUM_RUN_TOKEN", TOKEN)
        yield served


@pytest.fixture
def run(api: FakeRunApi) -> Callable[..., int]:
    """Train one run of the trial as its process would; return the exit code."""

    def trained(train: Train, **changes: Any) -> int:
        api.assignment = api.assignment.model_copy(update=changes)
        try:
            with podium.trial() as trial:
                train(trial)
        except SystemExit as left:
            return int(str(left.code))
        return 0

    return trained
