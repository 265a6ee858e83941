"""A model computes in what the hardware has, and is timed once where there is a choice."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.worker.small import course, differing, learner, machine, training, weights
from worker.fastest import precision_for, timed_once
from worker.precision import Precision, possible
from worker.tally import NOTHING, never_leave
from worker.training import evaluate, fit

CPU = torch.device("cpu")
BOTH = [Precision.FP32, Precision.BF16]


@pytest.mark.parametrize(
    ("cpu_info", "expected"),
    [
        ("flags : fma avx2", [Precision.FP32]),
        ("flags : avx512f avx512_bf16 amx_bf16 amx_tile", BOTH),
        ("Features : asimd i8mm bf16", BOTH),
        ("", [Precision.FP32]),
    ],
)
def test_what_a_processor_would_have_to_imitate_is_no_choice(cpu_info: str, expected: list[Precision]) -> None:
    assert possible(CPU, cpu_info) == expected


class Ticks:
    """A clock by which every second look is later by the next of these numbers."""

    def __init__(self, *seconds: float) -> None:
        self._steps: Iterator[float] = iter([each for pair in seconds for each in (0.0, pair)])
        self._now = 0.0

    def __call__(self) -> float:
        self._now += next(self._steps)
        return self._now


def test_the_faster_is_taken_told_and_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "podium")
    each, given, here = learner(), course(train=4, validation=2, batch_size=4), machine(tmp_path)
    before = weights(each)
    clock = Ticks(9.0, 0.2, 0.3, 0.4, 9.0, 0.1, 0.3, 0.4)  # the first of four is not counted
    assert timed_once(each, given, BOTH, here, clock) is Precision.BF16
    assert caplog.messages == ["podium: a step takes in fp32 200 ms, in bf16 100 ms; training in bf16"]
    assert timed_once(each, given, BOTH, here, Ticks()) is Precision.BF16, "nothing is timed again"
    assert differing(before, weights(each)) == []


def test_what_was_kept_and_is_no_precision_is_found_again(tmp_path: Path) -> None:
    each, given, here = learner(), course(train=4, validation=2, batch_size=4), machine(tmp_path)
    for content in ("", "[]", '{"precision": "fp8"}'):
        assert timed_once(each, given, [Precision.FP32], here, Ticks(1.0, 1.0, 1.0, 1.0)) is Precision.FP32
        [kept] = tmp_path.glob("precision-*.json")
        kept.write_text(content)


def test_a_folder_that_cannot_be_written_costs_a_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    here = machine(tmp_path / "file" / "cache")
    found = timed_once(learner(), course(train=4, batch_size=4), [Precision.FP32], here, Ticks(1.0, 1.0, 1.0, 1.0))
    assert found is Precision.FP32
    assert "cannot be kept (Not a directory); the next trial times it again" in caplog.text


def test_a_precision_that_is_asked_for_is_not_timed(tmp_path: Path) -> None:
    asked = learner(training(precision="bf16"))
    assert precision_for(asked, course(), machine(tmp_path)) is Precision.BF16
    assert list(tmp_path.iterdir()) == []


def test_bf16_is_near_to_fp32_and_can_be_trained() -> None:
    given = course(train=8, validation=8, batch_size=4)
    exact, near = learner(), replace(learner(), precision=Precision.BF16)
    one, two = (evaluate(each, given, epoch=1, trained=NOTHING, watch=never_leave)[0] for each in (exact, near))
    assert two.loss == pytest.approx(one.loss, rel=0.02)
    assert two.loss != one.loss
    before = weights(near)
    list(fit(near, given, [1]))
    assert "conv1.weight" in differing(before, weights(near))
    assert {tensor.dtype for tensor in near.model.parameters()} == {torch.float32}
