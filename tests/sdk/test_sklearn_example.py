"""The example that tunes a script of one's own is a whole experiment, and its script resumes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.documents import read_document
from podium.faults import parse_spec
from podium.spec import ExperimentSpec
from tests.sdk.fake_run_api import ROOT, FakeRunApi, assignment, finish, serving

EXAMPLE = ROOT / "examples" / "sklearn"


@pytest.fixture(scope="module")
def spec() -> ExperimentSpec:
    return parse_spec(read_document((EXAMPLE / "experiment.yaml").read_text()))


@pytest.fixture
def api(spec: ExperimentSpec, tmp_path: Path) -> Iterator[FakeRunApi]:
    given = assignment(tmp_path / "straight", configuration=spec.baseline, to_epoch=4, full_epochs=18)
    with serving(FakeRunApi(given)) as api:
        yield api


def test_the_command_names_the_script(spec: ExperimentSpec) -> None:
    assert spec.trial is not None
    assert spec.trial.command is not None
    assert (ROOT / spec.trial.command[1]).samefile(EXAMPLE / "train.py")


def test_the_script_learns_and_a_resumed_run_equals_a_straight_one(api: FakeRunApi, tmp_path: Path) -> None:
    script = str(EXAMPLE / "train.py")
    assert finish(api.start(script)) == (0, "")
    straight = [report.metrics for report in api.reports]
    assert straight[0]["val_accuracy"] < straight[-1]["val_accuracy"] > 0.7

    api.reports = []
    api.assignment = api.assignment.model_copy(update={"checkpoints": (tmp_path / "resumed").as_uri(), "to_epoch": 1})
    assert finish(api.start(script)) == (0, "")
    api.assignment = api.assignment.model_copy(update={"to_epoch": 4, "from_epoch": 1, "reported_epoch": 1, "run": 2})
    assert finish(api.start(script)) == (0, "")
    assert api.epochs == [1, 2, 3, 4]
    assert [report.metrics for report in api.reports] == straight
