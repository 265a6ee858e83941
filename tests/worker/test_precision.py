"""A model computes in what the hardware has, and is timed once where there is a choice."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.worker.small import course, differing, learner, training, weights
from worker import fastest, numerics
from worker.course import Course
from worker.fastest import FEWEST_STEPS, precision_of, timed_once
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


def one_batch() -> Course:
    return course(train=4, validation=2, batch_size=4)


BF16_WINS = (9.0, 0.2, 0.3, 0.4, 9.0, 0.1, 0.3, 0.4)
"""Seconds of four steps each; the first of four is not counted."""
FP32_WINS = (9.0, 0.1, 0.3, 0.4, 9.0, 0.2, 0.3, 0.4)


def test_the_faster_is_taken_told_and_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "podium")
    each, given = learner(), one_batch()
    before = weights(each)
    assert timed_once(each, given, BOTH, tmp_path, Ticks(*BF16_WINS)) is Precision.BF16
    assert caplog.messages == ["podium: a step takes in fp32 200 ms, in bf16 100 ms; training in bf16"]
    assert timed_once(each, given, BOTH, tmp_path, Ticks()) is Precision.BF16, "nothing is timed again"
    assert differing(before, weights(each)) == []


@pytest.mark.parametrize("content", ["", '{"precision": "fp8"}'])
def test_what_was_kept_and_is_no_precision_is_found_again(tmp_path: Path, content: str) -> None:
    each, given = learner(), one_batch()
    timed_once(each, given, BOTH, tmp_path, Ticks(*BF16_WINS))
    [kept] = tmp_path.glob("precision-*.json")
    kept.write_text(content)
    assert timed_once(each, given, BOTH, tmp_path, Ticks(*FP32_WINS)) is Precision.FP32


def test_of_two_that_time_at_once_the_second_follows_the_first(tmp_path: Path) -> None:
    each, given = learner(), one_batch()

    class Overtaken(Ticks):
        def __call__(self) -> float:
            if not list(tmp_path.glob("precision-*.json")):
                timed_once(each, given, BOTH, tmp_path, Ticks(*BF16_WINS))
            return super().__call__()

    assert timed_once(each, given, BOTH, tmp_path, Overtaken(*FP32_WINS)) is Precision.BF16


def test_a_folder_that_cannot_be_written_costs_a_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    found = timed_once(learner(), one_batch(), BOTH, tmp_path / "file" / "cache", Ticks(*BF16_WINS))
    assert found is Precision.BF16
    assert "cannot be kept (Not a directory); the next trial times it again" in caplog.text


def test_a_gpu_is_asked_for_tf32_and_for_the_same_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as a machine without one can tell: torch keeps what it is asked for."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    try:
        numerics.settle(torch.get_num_threads())
        assert torch.get_float32_matmul_precision() == "high"
        assert torch.backends.cuda.matmul.allow_tf32
        assert torch.backends.cudnn.allow_tf32
        assert torch.are_deterministic_algorithms_enabled()
    finally:
        torch.use_deterministic_algorithms(False)
        torch.set_float32_matmul_precision("highest")
        torch.set_flush_denormal(False)


def test_a_trial_goes_on_in_the_precision_that_it_began_with() -> None:
    chosen = learner(training(precision="auto"))
    assert chosen.precision is None
    chosen.precision = Precision.BF16
    resumed = learner(training(precision="auto"))
    resumed.restore(chosen.to_bytes(1))
    assert resumed.precision is Precision.BF16
    assert learner(training(precision="bf16")).precision is Precision.BF16
    unchosen = learner(training(precision="auto"))
    unchosen.restore(learner(training(precision="auto")).to_bytes(1))
    assert unchosen.precision is None


def test_a_short_training_is_not_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fastest, "CPU_INFO", cpu_with(tmp_path, "avx512_bf16"))
    monkeypatch.setattr(fastest, "timed_once", lambda *_: Precision.BF16)
    each = learner(training(precision="auto"))
    asked = [precision_of(each, one_batch(), tmp_path, steps=steps) for steps in (FEWEST_STEPS - 1, FEWEST_STEPS)]
    assert asked == [Precision.FP32, Precision.BF16]


@pytest.mark.parametrize(
    "case",
    [  # what was asked for, what the processor has, what it goes on in
        ("auto", "avx512_bf16", Precision.BF16),
        ("auto", "avx2", Precision.FP32),
        ("bf16", "avx2", Precision.BF16),
    ],
)
def test_what_bf16_has_trained_goes_on_in_it_where_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: tuple[str, str, Precision]
) -> None:
    """Imitated bf16 is many times slower: it is for those alone who have asked for it."""
    asked, flags, expected = case
    monkeypatch.setattr(fastest, "CPU_INFO", cpu_with(tmp_path, flags))
    each = learner(training(precision=asked))
    each.precision = Precision.BF16
    assert precision_of(each, one_batch(), tmp_path, steps=10.0) is expected


def cpu_with(tmp_path: Path, flags: str) -> Path:
    path = tmp_path / "cpuinfo"
    path.write_text(f"flags : {flags}")
    return path


def test_bf16_is_near_to_fp32_and_can_be_trained() -> None:
    given = course(train=8, validation=8, batch_size=4)
    exact, near = learner(), learner(training(precision="bf16"))
    one, two = (evaluate(each, given, epoch=1, trained=NOTHING, watch=never_leave)[0] for each in (exact, near))
    assert two.loss == pytest.approx(one.loss, rel=0.02)
    assert two.loss != one.loss
    before = weights(near)
    list(fit(near, given, [1]))
    assert "conv1.weight" in differing(before, weights(near))
    assert {tensor.dtype for tensor in near.model.parameters()} == {torch.float32}
