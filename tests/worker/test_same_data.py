"""A run tells which images it trains on before it trains, and every run of an experiment tells the same."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sdk.fake_run_api import FakeRunApi, assignment, serving
from tests.worker.in_process import train_here
from tests.worker.small import training, write_images


@pytest.fixture
def api(tmp_path: Path) -> Iterator[FakeRunApi]:
    settings = training(dataset="image_folder", data=str(write_images(tmp_path / "pets", each=10)), batch_size=8)
    full = {"to_epoch": 1, "full_epochs": 1, "results": (tmp_path / "r").as_uri()}
    given = assignment(tmp_path / "t3", training=settings, configuration={}, **full)
    with serving(FakeRunApi(given)) as api:
        yield api


def test_other_images_end_a_run_before_it_trains(
    api: FakeRunApi, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    api.data_status = 409
    assert train_here(api, monkeypatch) == 67
    assert (len(api.data), api.reports) == (1, [])
    assert capfd.readouterr().err == "podium: other images\n"


def test_every_rung_and_every_copy_tells_what_the_summary_of_a_full_training_has(
    api: FakeRunApi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert train_here(api, monkeypatch) is None
    summary = (tmp_path / "r" / "summary.json").read_text()
    copy = shutil.copytree(tmp_path / "pets", tmp_path / "copy", copy_function=shutil.copyfile)
    assert api.assignment.training is not None
    elsewhere = api.assignment.training.model_copy(update={"data": str(copy)})
    smaller = {"data_share": 0.5, "image_size": 48, "checkpoints": (tmp_path / "t4").as_uri(), "training": elsewhere}
    api.data_status = 409  # it need not train
    api.assignment = api.assignment.model_copy(update=smaller)
    assert train_here(api, monkeypatch) == 67
    first, second = api.data
    assert first == second
    assert f'"data_digest":"{first.images}","split_digest":"{first.held_out}"' in summary
