"""`podium best --download`: a model that a search has trained, loaded where there is nothing of Podium."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from fastapi.testclient import TestClient
from pyarrow import parquet
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from controller.database import open_sessions
from controller.retention import Stored
from controller.tables import TrialRow
from podium import checkpoints
from podium.checkpoints import Checkpoint
from podium.cli.app import app
from podium.results import PREDICTIONS
from podium.wire import MeasurementReport
from tests.cli.served import serving
from tests.service import API, Service
from tests.worker.evaluating import CONFIGURATION, EPOCHS, searched
from tests.worker.small import training, write_images
from worker.packing import packed

LABELS = ("ape", "bee", "cat")
PREDICT = """
import json, sys
sys.path.insert(0, {folder!r})
assert not any("podium" in name for name in sys.modules)
import torch
from PIL import Image
from load import load_model
torch.set_num_threads(1)
model, transform, labels = load_model()
with torch.inference_mode():
    found = [model(transform(Image.open(path))[None])[0].softmax(0) for path in {paths!r}]
print(json.dumps([[labels[each.argmax()], each.max().item()] for each in found]))
assert "podium" not in sys.modules and "worker" not in sys.modules
"""


@dataclass(frozen=True, kw_only=True)
class Searched:
    service: Service
    url: str
    experiment: str
    artifacts: Path

    @property
    def trial_folder(self) -> Path:
        return self.artifacts / self.experiment / "t1"


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A full training by the real trainer: what it left, and what it told."""

    folder: Path
    pictures: Path
    reports: list[MeasurementReport]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    root = tmp_path_factory.mktemp("trained")
    pictures = write_images(root / "pets", LABELS, each=10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PODIUM_CACHE_DIR", str(root / "cache"))
        settings = training(dataset="image_folder", data=str(pictures), ema_decay=0.5)
        api = searched(root / "t1", settings, patch)
    return Trained(folder=root / "t1", pictures=pictures, reports=api.reports)


@contextlib.contextmanager
def controller_of(engine: Engine, root: Path, trained: Trained, **changes: Any) -> Iterator[Searched]:
    """A controller on a socket that has been told all of that training, with what it left in its artifact store."""
    service = Service(engine, open_sessions(engine), artifacts=root / "artifacts")
    section = {"dataset": "image_folder", "data": str(trained.pictures), "image_size": 32, "ema_decay": 0.5}
    with TestClient(service.app) as service.http, serving(service.app) as url:
        identity = service.create(
            trial=None,
            training=section | changes,
            parameters={
                "learning_rate": {"type": "real", "low": 1e-4, "high": 1e-2, "scale": "log"},
                "batch_size": {"type": "integer", "low": 8, "high": 16, "scale": "log", "base": 2},
            },
            baseline=CONFIGURATION,
            fidelity={"rungs": {"full": EPOCHS}},
            budget={"runs": 1},
            parallelism=1,
        )
        service.settle()
        [job] = service.active()
        for report in trained.reports:
            answer = service.http.post(
                f"{API}/run/measurements", headers=service.token(job), json=report.model_dump(mode="json")
            )
            assert answer.status_code == 200, answer.text
        service.cluster.exit(job, 0)
        service.settle()
        made = Searched(service=service, url=url, experiment=identity, artifacts=root / "artifacts")
        shutil.copytree(trained.folder, made.trial_folder)
        yield made


@pytest.fixture
def search(engine: Engine, tmp_path: Path, trained: Trained) -> Iterator[Searched]:
    with controller_of(engine, tmp_path, trained) as made:
        yield made


def download(search: Searched, folder: Path, *more: str) -> Result:
    arguments = ["best", search.experiment, "--download", str(folder), *more, "--url", search.url]
    return CliRunner().invoke(app, arguments, prog_name="podium", catch_exceptions=False)


def predicted(folder: Path, paths: list[str], elsewhere: Path) -> list[list[Any]]:
    """Load and ask the model in a new process that sees neither the repository nor this environment's path to it."""
    program = PREDICT.format(folder=str(folder), paths=paths)
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=elsewhere,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[list[Any]] = json.loads(done.stdout)
    return found


def test_elsewhere_the_model_says_what_validation_recorded(search: Searched, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "model"
    result = download(search, folder)
    assert result.exit_code == 0, result.stderr
    assert f"saved the model of trial 1 in {folder}" in result.stderr
    assert {path.name for path in folder.iterdir()} == {"model.pt", "config.json", "load.py", "README.md"}
    assert [path.name for path in folder.parent.iterdir()] == ["model"]

    recorded = parquet.read_table(io.BytesIO((search.trial_folder / "results" / PREDICTIONS).read_bytes())).to_pylist()
    found = predicted(folder, [row["name"] for row in recorded], tmp_path)
    assert [label for label, _ in found] == [row["predicted"] for row in recorded]
    assert [share for _, share in found] == pytest.approx([row["confidence"] for row in recorded], rel=1e-4)
    right = sum(label == row["label"] for (label, _), row in zip(found, recorded, strict=True))
    config = json.loads((folder / "config.json").read_text())
    assert right / len(recorded) == config["objective"]["value"] == config["validation"]["top1"]
    assert config["labels"] == list(LABELS)
    assert config["parameters"] == CONFIGURATION
    assert config["training"]["ema_decay"] == 0.5
    assert config["training"]["learning_rate"] == config["parameters"]["learning_rate"]
    assert config["model"]["weights"] == "moving average"
    assert config["model"]["architecture"] == "resnet18"

    weights = torch.load(folder / "model.pt", weights_only=True)
    stored = next(search.trial_folder.glob("epoch-00002-*.ckpt")).read_bytes()
    state = torch.load(io.BytesIO(stored[stored.index(b"\n", 21) + 1 :]), weights_only=True)
    assert not torch.equal(weights["fc.weight"], state["model"]["fc.weight"])
    assert all(torch.equal(each, state["average"][f"module.{name}"]) for name, each in weights.items())
    assert len(weights) == len(state["model"])
    assert (folder / "model.pt").stat().st_size < 0.4 * len(stored), "no moments, and no second set of weights"


def test_what_is_there_is_kept_and_replaced_only_when_asked_and_only_by_a_whole_one(
    search: Searched, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    assert download(search, folder).exit_code == 0, "an empty folder is free"
    (folder / "README.md").write_text("mine")
    refused = download(search, folder)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == (
        f"podium: {folder} holds a downloaded model; replace it with --force, or name another folder\n"
    )
    [checkpoint] = search.trial_folder.glob("epoch-00002-*.ckpt")
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[:-3])
    damaged = download(search, folder, "--force")
    assert damaged.exit_code == 1
    assert damaged.stderr.startswith("podium: the checkpoint of trial 1 did not come whole: ")
    assert (folder / "README.md").read_text() == "mine"
    checkpoint.write_bytes(whole)
    assert download(search, folder, "--force").exit_code == 0
    assert (folder / "README.md").read_text().startswith("# resnet18 of tiny, trial 1\n")
    (folder / "thesis.tex").write_text("")
    precious = download(search, folder, "--force")
    assert precious.exit_code == 2
    assert f"{folder} holds thesis.tex, which is no part of a downloaded model" in precious.stderr
    assert {path.name for path in tmp_path.iterdir()} >= {"model"}
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".model")]

    checkpoint.unlink()
    missing = download(search, tmp_path / "other")
    assert missing.exit_code == 1
    assert "holds no checkpoint of epoch 2, the last of trial 1's full training; if it was removed" in missing.stderr
    with search.service.sessions.begin() as session:
        session.query(TrialRow).update({"checkpoints": Stored.GONE})
    removed = download(search, tmp_path / "other")
    assert removed.stderr.startswith(f"podium: the checkpoint of trial 1 of {search.experiment} is removed, as its ")
    assert not (tmp_path / "other").exists()


def test_a_replacement_that_fails_at_its_last_step_leaves_the_old_model(
    search: Searched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, replace = tmp_path / "model", os.replace
    assert download(search, folder).exit_code == 0
    (folder / "README.md").write_text("mine")

    def refused(source: Any, target: Any) -> None:
        if Path(target) == folder and Path(source).name == "new":
            raise OSError(28, "No space left on device", str(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", refused)
    failed = download(search, folder, "--force")
    assert (failed.exit_code, failed.stderr) == (1, f"podium: {folder}: No space left on device\n")
    assert (folder / "README.md").read_text() == "mine"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".model")]


def test_of_folds_it_is_the_first_ones_model_and_the_page_says_so(
    engine: Engine, tmp_path: Path, trained: Trained
) -> None:
    with controller_of(engine, tmp_path, trained, folds=2, ema_decay=0.0) as search:
        stored = checkpoints.load(search.trial_folder.as_uri(), up_to_epoch=EPOCHS)
        assert stored is not None
        first = torch.load(io.BytesIO(stored.data), weights_only=True)
        del first["average"]
        buffer = io.BytesIO()
        torch.save(first, buffer)
        both = packed([buffer.getvalue(), b"another fold's"])
        checkpoints.save(search.trial_folder.as_uri(), Checkpoint(report=stored.report, data=both), attempt=2)
        assert download(search, tmp_path / "model").exit_code == 0
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert (config["model"]["member"], config["model"]["members"]) == (1, 2)
    assert config["model"]["weights"] == "last step"
    assert "is the mean of 2 trainings" in (tmp_path / "model" / "README.md").read_text()
    weights = torch.load(tmp_path / "model" / "model.pt", weights_only=True)
    assert weights.keys() == first["model"].keys()
    assert all(torch.equal(each, first["model"][name]) for name, each in weights.items())


def test_trials_of_a_command_and_trials_on_their_way_have_no_model_and_the_reason_is_told(service: Service) -> None:
    experiment_id = service.create()
    service.settle()
    answer = service.http.get(f"{API}/experiments/{experiment_id}/trials/1/checkpoint")
    assert answer.status_code == 404
    assert (
        "run a command of their own, and only that command knows what its checkpoints mean" in answer.json()["detail"]
    )
    experiment_id = service.create(trial=None, training={"dataset": "digits"})
    service.settle()
    answer = service.http.get(f"{API}/experiments/{experiment_id}/trials/1/checkpoint")
    assert answer.json()["error"] == "NoCheckpoint"
    assert "trial 1 is running at epoch 0 of 4; the model of a full training is downloaded" in answer.json()["detail"]
