"""A trial trained in this process, as a search would, and the evaluation of it that its controller would describe."""

from pathlib import Path
from typing import Any

import pytest

from podium.evaluation import Evaluation
from podium.results import SUMMARY, Summary
from podium.trainer import Training
from tests.sdk.fake_run_api import FakeRunApi, assignment, serving
from tests.worker.in_process import train_here
from tests.worker.small import TRIAL

EPOCHS = 2
CONFIGURATION: dict[str, Any] = {"learning_rate": 0.003, "batch_size": 8}


def searched(
    trial_folder: Path, settings: Training, monkeypatch: pytest.MonkeyPatch, **configuration: Any
) -> FakeRunApi:
    """Train a trial in full; return the controller that was told of it."""
    given = assignment(
        trial_folder,
        trial=TRIAL,
        training=settings,
        configuration=CONFIGURATION | configuration,
        to_epoch=EPOCHS,
        full_epochs=EPOCHS,
        results=(trial_folder / "results").as_uri(),
    )
    with serving(FakeRunApi(given)) as api:
        assert train_here(api, monkeypatch) is None
    return api


def evaluation(trial_folder: Path, settings: Training, **changes: Any) -> Evaluation:
    given: dict[str, Any] = {
        "experiment": "digits-k3f9",
        "trial": TRIAL,
        "training": settings,
        "configuration": CONFIGURATION,
        "epoch": EPOCHS,
        "checkpoints": trial_folder.as_uri(),
        "results": (trial_folder / "results").as_uri(),
        "test": (trial_folder / "test").as_uri(),
    }
    return Evaluation.model_validate({**given, **changes})


def summary_in(folder: Path) -> Summary:
    return Summary.model_validate_json((folder / SUMMARY).read_bytes())
