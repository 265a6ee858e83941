"""Several objectives, and bounds on other metrics, together with fidelities."""

from dataclasses import replace

import numpy as np
import pytest

from controller.experiment import Bound, Goal, History, Observation
from controller.optimizer.evidence import belief_of
from controller.optimizer.memory import Afresh
from controller.optimizer.scalarization import scalarized, weights_of
from controller.optimizer.suggest import suggest
from controller.space import Space
from podium.parameters import Configuration, Parameter, RealParameter
from tests.optimizer.simulation import Outcome, Report, problem, simulate

PLANE: dict[str, Parameter] = {name: RealParameter(type="real", low=0.0, high=1.0) for name in ("x", "y")}
RUNGS = (1, 3, 9)
PLAIN = problem(parameters=PLANE, lengths=RUNGS, seed=6)
NAN = float("nan")


def x_of(configuration: Configuration) -> float:
    return float(configuration["x"])


def near(center: float, configuration: Configuration, share: float) -> float:
    return (x_of(configuration) - center) ** 2 + 0.3 * float(configuration["y"]) + 0.2 * (1 - share)


def seen_in_full(outcome: Outcome) -> list[Observation]:
    return [seen for seen in outcome.history.observations if seen.epochs == RUNGS[-1]]


@pytest.mark.parametrize("is_upper", [True, False])
def test_the_best_that_meets_a_bound_is_found_at_its_edge(is_upper: bool) -> None:
    """Best is x = 0.2, allowed x >= 0.6; short runs look as if less were allowed."""
    sign = 1.0 if is_upper else -1.0
    asked = replace(PLAIN, bounds=(Bound(metric="size", limit=sign * 0.4, is_upper=is_upper),))
    outcome = simulate(
        asked,
        suggest,
        objective=lambda each, share: Report(
            near(0.2, each, share), {"size": sign * (1.0 - x_of(each) + 0.1 * (1 - share))}
        ),
        cost=14,
    )
    allowed = [seen for seen in seen_in_full(outcome) if x_of(seen.configuration) >= 0.6]
    assert min(near(0.2, seen.configuration, 1.0) for seen in allowed) < near(0.2, {"x": 0.6, "y": 0.0}, 1.0) + 0.02
    late = [each.configuration for each in outcome.suggestions[len(outcome.suggestions) // 2 :]]
    assert np.mean([x_of(each) >= 0.55 for each in late]) > 0.6


def test_while_nothing_meets_the_bounds_what_may_do_so_is_sought() -> None:
    asked = replace(PLAIN, bounds=(Bound(metric="size", limit=0.1, is_upper=True),))
    space = Space(PLANE)
    points = space.sobol(16, np.random.default_rng(1)) * [0.8, 1.0]
    seen = [
        Observation(
            trial=trial, configuration=each, epochs=9, value=near(0.2, each, 1.0), metrics={"size": 1.0 - x_of(each)}
        )
        for trial, each in enumerate(space.decode(points))
    ]
    belief = belief_of(asked, History(observations=tuple(seen)), space, Afresh())
    good_but_refused, allowed = belief.judged(np.array([[0.2, 0.0], [0.95, 0.5]])).log_gain
    assert allowed > good_but_refused


def test_a_metric_that_nobody_reported_bounds_nothing() -> None:
    asked = replace(PLAIN, bounds=(Bound(metric="size", limit=0.1, is_upper=True),))
    seen = Observation(trial=1, configuration={"x": 0.5, "y": 0.5}, epochs=9, value=1.0)
    assert belief_of(asked, History(observations=(seen,)), Space(PLANE), Afresh()).limits == ()


def test_several_objectives_lead_along_the_whole_front() -> None:
    """The front is y = 0, x from 0.2 to 0.8. In each third of it something close was trained in full."""
    counts = np.zeros(3)
    for seed in range(4):  # one search leads where its first points lie
        asked = replace(PLAIN, other_goals=(Goal(metric="latency", maximize=True),), seed=seed)
        outcome = simulate(
            asked,
            suggest,
            objective=lambda each, share: Report(near(0.2, each, share), {"latency": -near(0.8, each, share)}),
            cost=20,
        )
        # of a mixture there is nothing to tell in the objective's units
        assert outcome.suggestions[-1].predicted_mean is None
        close = [x_of(seen.configuration) for seen in seen_in_full(outcome) if float(seen.configuration["y"]) < 0.1]
        counts += np.histogram(close, bins=[0.2, 0.4, 0.6, 0.8])[0]
    assert counts.min() >= 5


def test_weights_sum_to_one_and_take_turns() -> None:
    asked = replace(PLAIN, other_goals=(Goal(metric="a", maximize=False), Goal(metric="b", maximize=False)))
    seen = [Observation(trial=trial, configuration={"x": 0.1, "y": 0.1}, epochs=1, value=0.0) for trial in range(3)]
    first = weights_of(asked, History())
    assert first.sum() == pytest.approx(1.0)
    assert np.array_equal(first, weights_of(asked, History()))
    assert not np.array_equal(first, weights_of(asked, History(observations=tuple(seen))))


def test_a_mixture_prefers_what_is_good_in_everything() -> None:
    losses = np.array([[0.0, 1.0, 0.5, NAN, 1.0], [1.0, 0.0, 0.4, 0.0, 1.0]])
    one = scalarized(losses, np.array([0.5, 0.5]), 5)
    assert np.isnan(one[3])
    assert np.nanargmin(one) == 2
    assert np.nanargmax(one) == 4


def test_what_comes_later_does_not_change_the_mixture_of_the_first() -> None:
    losses = np.random.default_rng(3).random((2, 30))
    weights = np.array([0.3, 0.7])
    assert np.array_equal(scalarized(losses, weights, 12)[:12], scalarized(losses[:, :20], weights, 12)[:12])
