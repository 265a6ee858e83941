"""SIGTERM comes as an exception: at once, or at the end of a section that had better finish."""

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from podium.leaving import Fault, Preempted
from podium.preemption import Preemption


def terminate_oneself() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def save_under_sigterm(preemption: Preemption, steps: list[str], error: OSError | None = None) -> None:
    with preemption.held():
        terminate_oneself()
        steps.append("saved")
        if error is not None:
            raise error


def test_outside_a_held_section_it_comes_at_once() -> None:
    with Preemption(), pytest.raises(Preempted):
        terminate_oneself()


def test_a_held_section_finishes_first() -> None:
    steps: list[str] = []
    with Preemption() as preemption, pytest.raises(Preempted):
        save_under_sigterm(preemption, steps)
    assert steps == ["saved"]


def test_an_error_of_the_section_comes_before_it() -> None:
    with Preemption() as preemption:
        with pytest.raises(OSError, match="disk full"):
            save_under_sigterm(preemption, [], OSError("disk full"))
        with pytest.raises(Preempted):
            preemption.check()


def test_a_pause_in_a_held_section_is_cut_short() -> None:
    began = time.monotonic()
    with Preemption() as preemption:
        threading.Timer(0.1, terminate_oneself).start()
        with pytest.raises(Preempted), preemption.held():
            preemption.pause(60)
    assert time.monotonic() - began < 10


def test_a_pause_after_sigterm_does_not_begin() -> None:
    def wait_under_sigterm(preemption: Preemption) -> None:
        with preemption.held():
            terminate_oneself()
            preemption.pause(60)

    began = time.monotonic()
    with Preemption() as preemption, pytest.raises(Preempted):
        wait_under_sigterm(preemption)
    assert time.monotonic() - began < 10


def test_the_handler_from_before_comes_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Preemption():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_another_thread_is_refused() -> None:
    seen: list[BaseException] = []

    def enter() -> None:
        try:
            Preemption().__enter__()
        except BaseException as error:  # noqa: BLE001 - it is looked at below
            seen.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert isinstance(seen[0], Fault)


def work_deferred(preemption: Preemption, steps: list[str], work: Callable[[], None]) -> None:
    with preemption.deferred():
        steps.append("began")
        work()
        steps.append("ended")


def test_a_deferred_section_is_told_and_chooses_when_to_leave() -> None:
    def look_after_two_signals() -> None:
        assert not preemption.is_due
        terminate_oneself()
        terminate_oneself()  # a second one changes nothing
        assert preemption.is_due
        preemption.check()

    steps: list[str] = []
    with Preemption() as preemption, pytest.raises(Preempted):
        work_deferred(preemption, steps, look_after_two_signals)
    assert steps == ["began"]


def test_a_deferred_section_that_never_looks_is_left_at_its_end() -> None:
    steps: list[str] = []
    with Preemption() as preemption, pytest.raises(Preempted):
        work_deferred(preemption, steps, terminate_oneself)
    assert steps == ["began", "ended"]


def test_a_deferred_section_that_takes_too_long_is_left_when_patience_is_over() -> None:
    def sleep_under_sigterm() -> None:
        terminate_oneself()
        time.sleep(60)

    began = time.monotonic()
    with Preemption(patience_seconds=0.1) as preemption, pytest.raises(Preempted):
        work_deferred(preemption, [], sleep_under_sigterm)
    assert 0.1 <= time.monotonic() - began < 10


def test_patience_does_not_end_a_held_section() -> None:
    def save_slowly() -> None:
        terminate_oneself()
        with preemption.held():
            time.sleep(0.3)
            steps.append("saved")

    steps: list[str] = []
    with Preemption(patience_seconds=0.1) as preemption, pytest.raises(Preempted):
        work_deferred(preemption, steps, save_slowly)
    assert steps == ["began", "saved"]


def test_a_pause_in_a_deferred_section_is_cut_short() -> None:
    began = time.monotonic()
    with Preemption() as preemption:
        threading.Timer(0.1, terminate_oneself).start()
        with pytest.raises(Preempted):
            work_deferred(preemption, [], lambda: preemption.pause(60))
    assert time.monotonic() - began < 10


def test_after_a_deferred_section_sigterm_comes_at_once_again_and_no_alarm_is_left() -> None:
    before, steps = signal.getsignal(signal.SIGALRM), list[str]()
    with Preemption() as preemption:
        work_deferred(preemption, steps, lambda: None)
        with pytest.raises(Preempted):
            terminate_oneself()
        with pytest.raises(Preempted):
            work_deferred(preemption, steps, lambda: None)  # it does not begin any more
    assert steps == ["began", "ended"]
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
