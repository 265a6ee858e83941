"""The endpoints of a run, answered by a fake over real HTTP, and the folder of its checkpoints."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sdk.fake_run_api import FakeRunApi, assignment, serving


@pytest.fixture
def api(tmp_path: Path) -> Iterator[FakeRunApi]:
    with serving(FakeRunApi(assignment(tmp_path / "t3"))) as api:
        yield api


@pytest.fixture
def folder(api: FakeRunApi) -> str:
    return api.assignment.checkpoints
