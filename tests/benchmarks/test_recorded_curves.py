"""The recorder of learning curves, its table, and the tasks made of it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import record_curves
from benchmarks.curve_table import Line, append_lines, lines_of, pack, read_curves, unpack
from benchmarks.finished_trials import spec_of
from benchmarks.optimizer.recorded import is_recorded, recorded
from benchmarks.record_curves import Part, record
from controller.space import Space
from worker import numerics
from worker.digits import Digits
from worker.split import split_by_label


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the recorder's trainings as small as they get: 10 images, 2 epochs, 3 Sobol points and 2 neighbors."""
    threads_before = torch.get_num_threads()
    numerics.settle(1)
    for name, value in {"EPOCHS": 2, "IMAGES_TRAINED": 10, "SOBOL": 3, "NEIGHBORS": 2}.items():
        monkeypatch.setattr(record_curves, name, value)
    yield
    torch.set_num_threads(threads_before)
    torch.set_flush_denormal(False)  # for the whole process, whose other tests want floats as they are


@pytest.mark.usefixtures("short")
def test_a_killed_recording_goes_on_where_it_stood(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    record(Part(task="digits", first=0, end=3), whole)
    record(Part(task="digits", first=0, end=1), killed)
    with (killed / "digits.jsonl").open("a") as file:
        file.write('{"number": 1, "configur')  # what a kill may leave
    record(Part(task="digits", first=0, end=3), killed)
    assert _without_seconds(killed) == _without_seconds(whole)
    assert [line["number"] for line in lines_of(whole / "digits.jsonl")] == [0, 1, 2]


@pytest.mark.usefixtures("short")
def test_the_second_part_is_near_the_best_of_the_first(tmp_path: Path) -> None:
    space = Space(spec_of("curves", parallelism=1, seed=0).parameters)
    lines: list[Line] = [
        {"number": number, "configuration": configuration, "val_loss": [2.0, 1.0], "val_accuracy": [0.1, number / 10]}
        for number, configuration in enumerate(record_curves.sobol(space))
    ]
    near = space.encode(record_curves.neighbors(space, lines))
    parents = space.encode([lines[2]["configuration"], lines[1]["configuration"]])
    ordered = [index for index, is_categorical in enumerate(space.is_categorical) if not is_categorical]
    assert np.all(np.abs(near - parents)[:, ordered] < 0.6)
    assert np.any(near != parents, axis=1).all()


def test_the_images_that_are_trained_on_are_balanced_and_never_validated_on() -> None:
    images = Digits(image_size=8)
    split = record_curves.share_of(split_by_label(images, record_curves.SEED), images)
    assert torch.bincount(images.labels[split.train]).tolist() == [24] * 10
    assert not set(split.train.tolist()) & set(split.validation.tolist())


def test_the_table_gives_back_what_was_recorded(tmp_path: Path) -> None:
    configuration = {**_configuration(), "batch_size": 32}
    lines = [
        {
            "number": 1,
            "configuration": configuration,
            "val_accuracy": [0.25],
            "val_loss": [2.0],
            "seconds": [1.0, 0.5],  # the second epoch diverged
        },
        {
            "number": 0,
            "configuration": _configuration(),
            "val_accuracy": [0.5, 0.75],
            "val_loss": [1.0, 0.5],
            "seconds": [1.0, 1.0],
        },
    ]
    append_lines(tmp_path / "digits.jsonl", lines)
    pack(tmp_path, tmp_path / "packed.parquet")
    first, second = read_curves("digits", tmp_path / "packed.parquet")
    assert (first.configuration, second.configuration) == (_configuration(), configuration)
    assert first.errors.tolist() == [0.5, 0.25]
    assert second.errors.tolist() == [0.75]


def test_a_recording_goes_on_where_the_table_ends(tmp_path: Path) -> None:
    lines: list[Line] = [
        {
            "number": 0,
            "configuration": _configuration(),
            "val_accuracy": [0.3],
            "val_loss": [2.0],
            "seconds": [1.0, 0.5],
        },
        {"number": 1, "configuration": _configuration(), "val_accuracy": [0.6], "val_loss": [1.0], "seconds": [1.0]},
    ]
    append_lines(tmp_path / "digits.jsonl", lines)
    pack(tmp_path, tmp_path / "packed.parquet")
    append_lines(tmp_path / "new" / "digits.jsonl", lines[1:])
    unpack("digits", tmp_path / "new", tmp_path / "packed.parquet")
    assert lines_of(tmp_path / "new" / "digits.jsonl") == [lines[1], lines[0]]


def test_a_task_of_recorded_curves_is_the_same_each_time_and_true_to_them() -> None:
    curves = read_curves("digits")
    configurations = [curve.configuration for curve in curves]
    first, again = (recorded("digits").losses(configurations, 16) for _ in range(2))
    assert np.array_equal(first, again, equal_nan=True)
    for loss, curve in zip(first, curves, strict=True):
        assert loss == pytest.approx(curve.errors[-1]) if len(curve.errors) == 16 else np.isnan(loss)


def test_a_data_set_of_few_curves_is_no_task() -> None:
    assert is_recorded("digits")
    assert not is_recorded("unheard-of")


def _configuration() -> dict[str, bool | int | float | str]:
    space = Space(spec_of("curves", parallelism=1, seed=0).parameters)
    return space.decode(np.full((1, space.dimensions), 0.5))[0]


def _without_seconds(raw: Path) -> list[object]:
    lines = lines_of(raw / "digits.jsonl")
    return [(line["number"], line["configuration"], line["val_accuracy"], line["val_loss"]) for line in lines]
