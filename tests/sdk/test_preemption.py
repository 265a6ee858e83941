"""SIGTERM comes as an exception: at once, or at the end of a section that had better finish."""

import os
import signal
import threading
import time

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
