"""A batch that is larger than the data: the search learns from it, and an experiment that fixes it hears at once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.sdk.fake_run_api import FakeRunApi, assignment, serving
from tests.worker.in_process import train_here
from tests.worker.small import training, write_images
from worker.split import BatchTooLarge, Split, refuse_large_batches


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRunApi]:
    """Twenty images, of which sixteen are trained on."""
    monkeypatch.setenv("PODIUM_CACHE_DIR", str(tmp_path / "cache"))
    with serving(FakeRunApi(assignment(tmp_path / "t3"))) as served:
        yield served


def train(api: FakeRunApi, monkeypatch: pytest.MonkeyPatch, root: Path, size: int, **changes: Any) -> object:
    settings = training(dataset="image_folder", data=str(write_images(root / "pets", each=10)), batch_size=size)
    configuration = {"batch_size": size} if changes.pop("is_tuned", False) else {"learning_rate": 0.02}
    more = {"training": settings, "configuration": configuration, "to_epoch": 1, "full_epochs": 1}
    api.assignment = api.assignment.model_copy(update=more | changes)
    return train_here(api, monkeypatch)


def test_a_size_that_is_searched_is_infeasible(
    api: FakeRunApi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(api, monkeypatch, tmp_path, 17, is_tuned=True) == 65
    assert "batch_size 17 is larger than the data, 16 images to train on; use 16 at most" in capsys.readouterr().err
    assert api.epochs == []


def test_a_size_that_is_fixed_is_a_fault(
    api: FakeRunApi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(api, monkeypatch, tmp_path, 17) == 1
    assert "batch_size 17 is larger than the data" in capsys.readouterr().err


def test_a_size_of_all_images_trains_and_so_does_one_that_only_a_small_rung_lacks(
    api: FakeRunApi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert train(api, monkeypatch, tmp_path, 16, data_share=0.5, full_epochs=2) is None
    assert api.epochs == [1]


def test_of_folds_the_one_with_the_fewest_images_counts() -> None:
    splits = [Split(train=torch.arange(count), validation=torch.arange(2)) for count in (9, 8)]
    refuse_large_batches(8, splits)
    with pytest.raises(BatchTooLarge, match="8 images"):
        refuse_large_batches(9, splits)
