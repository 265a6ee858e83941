"""How many loaders there are, and what is sent to them."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from tests.worker.small import course, machine, training, write_images
from worker.data import open_images
from worker.features import Features
from worker.images import Images
from worker.loader_count import loaders_for, loaders_with_room, wanted_loaders
from worker.parts import Share
from worker.ranks import Rank

CPU, GPU = torch.device("cpu"), torch.device("cuda")
FLIPPED = training(augmentation="flip")


@pytest.mark.parametrize(
    ("changes", "device", "processors", "expected"),
    [
        ({}, GPU, 8, 0),  # digits are decoded, and here they are not changed
        ({"augmentation": "flip"}, GPU, 8, 7),
        ({"augmentation": "flip"}, GPU, 64, 8),
        ({"augmentation": "flip"}, GPU, 1, 0),
        ({"augmentation": "flip"}, CPU, 8, 0),
        ({"loaders": 3}, CPU, 1, 3),
        ({"loaders": 0, "augmentation": "flip"}, GPU, 8, 0),
    ],
)
def test_loaders_are_as_many_as_are_worth_it_or_asked_for(
    changes: dict[str, object], device: torch.device, processors: int, expected: int
) -> None:
    settings = training(**changes)
    assert wanted_loaders(course(settings=settings), settings, device, processors) == expected


def test_features_need_none() -> None:
    rows = np.zeros((69, 512), dtype=np.float32)
    given = replace(course(), features=Features(stages=["fc"], plain=rows, views=[rows]))
    assert wanted_loaders(given, training(loaders=3), GPU, 8) == 0


def test_images_that_are_to_be_decoded_need_some_unchanged_too(tmp_path: Path) -> None:
    given = course()
    for cache, expected in (("none", 3), ("memory", 0)):
        settings = training(dataset="image_folder", data=str(write_images(tmp_path / cache)), cache=cache)
        images = open_images(settings, machine(tmp_path))
        assert wanted_loaders(replace(given, images=images), settings, GPU, 4) == expected


@pytest.mark.parametrize(("free_bytes", "expected"), [(0, 0), (399, 0), (400, 1), (799, 2), (800, 3), (10_000, 3)])
def test_loaders_are_no_more_than_shared_memory_has_room_for(free_bytes: int, expected: int) -> None:
    assert loaders_with_room(3, batch_bytes=100, free_bytes=free_bytes) == expected


def test_a_shared_memory_that_is_too_small_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("worker.loader_count.SHARED_MEMORY", tmp_path)
    monkeypatch.setattr("worker.loader_count._free_bytes", lambda: 2**16)  # a batch of 49 images is 150,528 bytes
    with loaders_for(course(batch_size=64), training(loaders=2), CPU, 2):
        pass
    told = f"podium: 0 of 2 loaders have room for their batches in {tmp_path}; make it larger (`trial.sharedMemory`)"
    assert caplog.messages == [told]


@pytest.mark.parametrize(("processes", "told"), [(1, []), (2, ["podium: 0 of 2 loaders have room"])])
def test_processes_that_train_together_share_the_room(
    processes: int, told: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("worker.loader_count._free_bytes", lambda: 6 * 20 * 3 * 32**2)  # 6 batches of 20 images
    given = replace(course(), share=Share(rank=Rank(processes=processes)))
    with loaders_for(given, training(loaders=2), CPU, 2):
        pass
    assert [message[: len("podium: 0 of 2 loaders have room")] for message in caplog.messages] == told


def parquet(folder: Path) -> str:
    encoded = [path.read_bytes() for path in sorted(write_images(folder / "for-parquet").rglob("*.png"))]
    path = folder / "train.parquet"
    pq.write_table(pa.table({"image": encoded, "label": [number // 6 for number in range(12)]}), path)
    return str(path)


@pytest.mark.parametrize("kind", ["digits", "none", "disk", "memory", "skipping", "parquet"])
def test_images_can_be_sent_to_a_loader(tmp_path: Path, kind: str) -> None:
    images = opened(kind, tmp_path)
    sent = pickle.dumps(images)
    received = pickle.loads(sent)
    positions = torch.tensor([3, 0, 9])
    assert torch.equal(received.pixels(positions), images.pixels(positions))
    if kind in ("disk", "memory"):
        assert len(sent) < 500, "12 images are 36,864 bytes, and are mapped instead"


def opened(kind: str, folder: Path) -> Images:
    if kind == "digits":
        return course().images
    if kind == "parquet":
        settings = training(dataset="parquet", data=parquet(folder), cache="none")
        return open_images(settings, machine(folder))
    root = write_images(folder / "pets")
    settings = training(dataset="image_folder", data=str(root), cache="memory" if kind == "skipping" else kind)
    if kind == "skipping":
        (root / "cat" / "0.png").write_bytes(b"no image")
        settings = settings.model_copy(update={"on_bad_image": "skip"})
    return open_images(settings, machine(folder))
