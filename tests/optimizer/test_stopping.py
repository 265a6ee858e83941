"""Which runs in flight are given up, by what they reported on their way."""

from dataclasses import replace

import pytest

from controller.experiment import History, InFlight, Observation
from controller.optimizer.memory import Remembering
from controller.optimizer.stopping import not_worth_going_on
from podium.parameters import Configuration
from tests.optimizer.simulation import loss, observed, problem

ASKED = problem(seed=1)
GOOD: Configuration = {
    "learning_rate": 10 ** (-4 + 4 * (3.1416 + 5) / 15),
    "momentum": 2.275 / 15,
    "layers": 6,
    "width": 128,
    "activation": "gelu",
    "nesterov": True,
}
BAD: Configuration = {**GOOD, "learning_rate": 1e-4, "momentum": 0.0, "layers": 1, "width": 8, "activation": "tanh"}


def under_way(trial: int, configuration: Configuration, epochs: int, *, to_epochs: int = 27) -> InFlight:
    seen = Observation(trial=trial, configuration=configuration, epochs=epochs, value=loss(configuration, epochs / 27))
    return InFlight(trial=trial, configuration=configuration, from_epochs=9, to_epochs=to_epochs, progress=seen)


def with_these(*runs: InFlight, seen: int = 60) -> History:
    return replace(observed(ASKED, seen), in_flight=runs)


def test_what_does_badly_is_given_up_and_what_does_well_is_not() -> None:
    history = with_these(under_way(101, GOOD, 12), under_way(102, BAD, 12))
    assert not_worth_going_on(ASKED, history) == {102}


def test_a_good_configuration_that_does_badly_after_all_is_given_up() -> None:
    run = under_way(101, GOOD, 12)
    assert run.progress is not None
    spoilt = replace(run, progress=replace(run.progress, value=200.0))
    assert not_worth_going_on(ASKED, with_these(run)) == frozenset()
    assert not_worth_going_on(ASKED, with_these(spoilt)) == {101}


def test_what_has_reported_nothing_goes_on() -> None:
    silent = replace(under_way(102, BAD, 12), progress=None)
    assert not_worth_going_on(ASKED, with_these(silent)) == frozenset()


def test_nothing_is_given_up_while_cost_is_spread() -> None:
    assert not_worth_going_on(ASKED, with_these(under_way(102, BAD, 12), seen=12)) == frozenset()


@pytest.mark.parametrize("left", ["cost", "runs"])
def test_nothing_is_given_up_when_nothing_else_could_be_started(left: str) -> None:
    history = with_these(under_way(102, BAD, 12))
    spent = replace(history, remaining_cost=0.0) if left == "cost" else replace(history, remaining_runs=0)
    assert not_worth_going_on(ASKED, spent) == frozenset()


def test_the_same_question_gets_the_same_answer_whatever_is_remembered() -> None:
    history, memory = with_these(under_way(101, GOOD, 12), under_way(102, BAD, 12)), Remembering()
    assert not_worth_going_on(ASKED, history, memory) == not_worth_going_on(ASKED, history, memory)
    assert not_worth_going_on(ASKED, history, memory) == not_worth_going_on(ASKED, history)
