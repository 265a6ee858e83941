"""The optimizer in a process of its own: the same answers, whatever becomes of that process."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psutil
import pytest

from controller.experiment import History, InFlight, Observation, Problem, ladder_of
from controller.thinking import Thinker, ThinkingFailed, mind_here
from podium.parameters import RealParameter
from podium.spec import Fidelity
from tests.waiting import wait_for

PROBLEM = Problem(
    parameters={"x": RealParameter(type="real", low=0.0, high=1.0)},
    ladder=ladder_of(Fidelity(rungs={"small": 1, "full": 4})),
    maximize=True,
    seed=5,
)
HISTORY = History(
    observations=tuple(
        Observation(trial=number, configuration={"x": number / 13}, epochs=4, value=-abs(number - 5))
        for number in range(1, 13)
    ),
    in_flight=(InFlight(trial=13, configuration={"x": 0.4}, from_epochs=0, to_epochs=1),),
    remaining_cost=20.0,
)


@pytest.fixture(name="thinker")
def the_thinker() -> Iterator[Thinker]:
    with closing(Thinker()) as thinker:
        yield thinker


def test_it_answers_as_this_process_would(thinker: Thinker) -> None:
    expected = mind_here().think(PROBLEM, HISTORY)
    assert expected is not None
    assert expected.predicted_mean is not None  # the model was asked, not the Sobol start
    assert thinker(PROBLEM, HISTORY) == expected
    assert thinker(PROBLEM, HISTORY) == expected


def test_a_killed_one_is_replaced_and_answers_the_same(thinker: Thinker) -> None:
    expected = thinker(PROBLEM, HISTORY)
    [process] = _children_of(os.getpid())
    process.kill()
    assert thinker(PROBLEM, HISTORY) == expected
    assert process not in _children_of(os.getpid())


class _Kills:
    """A history that ends whoever reads it, as a computation too large for the memory would."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (9,)


def test_a_question_that_kills_it_twice_is_given_up_and_the_next_is_answered(thinker: Thinker) -> None:
    kills: Any = _Kills()
    with pytest.raises(ThinkingFailed, match="died twice: exit code 9"):
        thinker(PROBLEM, kills)
    assert thinker(PROBLEM, HISTORY) is not None


def test_what_the_optimizer_raises_comes_back_with_its_traceback(thinker: Thinker) -> None:
    broken: Any = None
    with pytest.raises(ThinkingFailed, match=r"in suggest[\s\S]*AttributeError"):
        thinker(PROBLEM, broken)
    assert thinker(PROBLEM, HISTORY) is not None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_to_the_whole_group_are_left_to_the_one_who_asks(thinker: Thinker, number: int) -> None:
    assert thinker(PROBLEM, HISTORY) is not None
    [process] = _children_of(os.getpid())
    process.send_signal(number)
    assert thinker(PROBLEM, HISTORY) is not None
    assert process in _children_of(os.getpid())


def test_it_leaves_with_the_one_who_asks_however_that_one_dies() -> None:
    script = "import time; from controller.thinking import Thinker; t = Thinker(); print(flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as asker:
        assert asker.stdout is not None
        asker.stdout.readline()
        [thinking] = _children_of(asker.pid)
        asker.kill()
    wait_for(lambda: not thinking.is_running(), "the thinking process to leave", within_seconds=30)


def _children_of(pid: int) -> list[psutil.Process]:
    """Return the processes that think for this one; PostgreSQL's are not among them, nor what has ended."""
    alive = [each for each in psutil.Process(pid).children() if each.status() != psutil.STATUS_ZOMBIE]
    return [each for each in alive if "controller.thinking" in " ".join(each.cmdline())]
