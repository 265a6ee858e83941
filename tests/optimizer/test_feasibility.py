"""The chance that a configuration trains at all."""

import math

import numpy as np
import pytest

from controller.experiment import History, Observation
from controller.optimizer.evidence import Belief, belief_of
from controller.optimizer.memory import Afresh
from controller.space import Space
from podium.parameters import Configuration, Parameter, RealParameter
from tests.optimizer.simulation import problem

CUBE: dict[str, Parameter] = {name: RealParameter(type="real", low=0.0, high=1.0) for name in ("a", "b")}
SPACE = Space(CUBE)


def belief(fails: list[bool], points: np.ndarray) -> Belief:
    asked = problem(parameters=CUBE, lengths=(1, 4))
    seen = [
        Observation(trial=trial, configuration=configuration, epochs=1, value=None if failed else value(configuration))
        for trial, (configuration, failed) in enumerate(zip(SPACE.decode(points), fails, strict=True))
    ]
    return belief_of(asked, History(observations=tuple(seen)), SPACE, Afresh())


def value(configuration: Configuration) -> float:
    return (float(configuration["a"]) - 0.7) ** 2 + (float(configuration["b"]) - 0.4) ** 2


def points(count: int) -> np.ndarray:
    return SPACE.sobol(count, np.random.default_rng(1))


def chance(believed: Belief, *place: float) -> float:
    return math.exp(float(believed.log_chance(np.array([place]))[0]))


def test_a_region_where_runs_fail_is_told_from_the_rest() -> None:
    places = points(40)
    believed = belief((places[:, 0] > 0.75).tolist(), places)
    assert chance(believed, 0.95, 0.5) < 0.15
    assert chance(believed, 0.3, 0.5) > 0.9


def test_failures_anywhere_rule_out_nothing() -> None:
    places = points(64)
    fails = np.random.default_rng(2).random(64) < 0.12
    believed = belief(fails.tolist(), places)
    everywhere = np.exp(believed.log_chance(points(256)))
    assert everywhere.min() > 0.5
    assert np.median(everywhere) == pytest.approx(1 - fails.mean(), abs=0.07)


def test_a_failure_does_not_make_its_neighborhood_look_bad() -> None:
    """One of the best places failed by chance: what the model expects there is what the places around it had."""
    places = np.vstack([points(32), [[0.7, 0.4]]])
    believed = belief([False] * 32 + [True], places)
    mean, _ = believed.posterior.at_full(np.array([[0.7, 0.4]]))
    assert float(mean[0]) < -1.0  # standard deviations


def test_without_failures_there_is_no_limit() -> None:
    assert belief([False] * 8, points(8)).limits == ()


def test_when_every_run_failed_the_search_goes_elsewhere() -> None:
    places = points(8) * 0.4
    believed = belief([True] * 8, places)
    assert believed.objective(0.0) is None
    here, there = believed.judged(np.array([places[0], [0.95, 0.95]])).log_gain
    assert there > here


@pytest.mark.parametrize("place", [[0.5, 0.5], [0.76, 0.1], [0.2, 0.9], [0.99, 0.99]])
def test_the_gradient_is_that_of_the_gain(place: list[float]) -> None:
    places = points(24)
    believed = belief((places[:, 0] > 0.75).tolist(), places)
    at = np.array([place])
    _, gradient = believed.log_gain_gradient(at)
    step = 1e-6
    for column in range(2):
        moved = np.eye(2)[[column]] * step
        rise = believed.judged(at + moved).log_gain - believed.judged(at - moved).log_gain
        assert gradient[0, column] == pytest.approx(float(rise[0]) / (2 * step), rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("position", [2, 11])
def test_one_failure_early_or_late_rules_out_nothing(position: int) -> None:
    places = points(12)
    believed = belief([trial == position for trial in range(12)], places)
    assert chance(believed, *places[position].tolist()) > 0.3


def test_failures_are_remembered_among_many_that_succeeded() -> None:
    places = np.vstack([points(40), points(512)[40:] * [0.7, 1.0]])
    fails = (places[:, 0] > 0.75).tolist()
    assert chance(belief(fails, places), 0.95, 0.5) < 0.2
