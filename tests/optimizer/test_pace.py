"""Slow configurations cost more, where the budget is one of time."""

from dataclasses import replace

import numpy as np
import pytest

from controller.experiment import History, Observation
from controller.optimizer.evidence import Belief, belief_of
from controller.optimizer.memory import Afresh
from controller.optimizer.suggest import suggest
from controller.space import Space
from podium.parameters import Parameter, RealParameter
from tests.optimizer.simulation import problem

PLANE: dict[str, Parameter] = {
    "speed": RealParameter(type="real", low=0.0, high=1.0),
    "quality": RealParameter(type="real", low=0.0, high=1.0),
}
SPACE = Space(PLANE)
TIMED = replace(problem(parameters=PLANE, lengths=(1, 3, 9), seed=3), is_timed=True)


def history(count: int = 40, *, is_timed: bool = True) -> History:
    """Return trials whose epochs take from 100 s (speed 0) to 1 s (speed 1); the loss does not depend on speed."""
    configurations = SPACE.decode(SPACE.sobol(count, np.random.default_rng(2)))
    return History(
        observations=tuple(
            Observation(
                trial=trial,
                configuration=each,
                epochs=1 if trial % 3 else 9,
                value=(float(each["quality"]) - 0.6) ** 2,
                epoch_seconds=100.0 * 0.01 ** float(each["speed"]) if is_timed else None,
            )
            for trial, each in enumerate(configurations)
        )
    )


def belief(**wanted: bool) -> Belief:
    return belief_of(TIMED, history(**wanted), SPACE, Afresh())


def test_it_learns_how_long_an_epoch_takes() -> None:
    pace = belief().pace
    assert pace is not None
    slow, median, fast = pace.factor(np.array([[0.0, 0.2], [0.5, 0.9], [1.0, 0.5]]))
    assert slow == pytest.approx(10, rel=0.3)
    assert median == pytest.approx(1, rel=0.2)
    assert fast == pytest.approx(0.1, rel=0.3)


def test_without_times_or_where_time_is_no_matter_nothing_is_said() -> None:
    assert belief(is_timed=False).pace is None
    assert belief_of(replace(TIMED, is_timed=False), history(), SPACE, Afresh()).pace is None


@pytest.mark.parametrize("is_timed", [True, False])
def test_of_two_that_gain_as_much_the_faster_is_taken(is_timed: bool) -> None:
    speeds = []
    for seed in range(6):
        asked = replace(TIMED, seed=seed, is_timed=is_timed)
        found = suggest(asked, history())
        assert found is not None
        if found.source == "model":
            speeds.append(float(found.configuration["speed"]))
    assert len(speeds) >= 4
    assert (np.mean(speeds) > 0.8) == is_timed
