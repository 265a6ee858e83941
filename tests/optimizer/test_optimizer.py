"""What `suggest` promises, whatever the history."""

import math
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.experiment import History, InFlight, Observation, Problem
from controller.optimizer.evidence import belief_of
from controller.optimizer.memory import Remembering
from controller.optimizer.suggest import suggest
from controller.space import Space
from podium.parameters import Configuration, Parameter, RealParameter
from tests.optimizer.simulation import finished, loss, observed, problem, simulate, started, tiny

FULL_ONLY = (27,)


@pytest.mark.parametrize("count", [0, 1, 7, 30])
def test_the_same_question_gets_the_same_answer_after_a_restart_too(count: int) -> None:
    asked = problem(seed=5)
    _, history = started(asked, observed(asked, count), 2, suggest)
    first = suggest(asked, history)
    memory = Remembering()
    suggest(asked, observed(problem(), 12), memory)  # another experiment in between
    assert suggest(asked, history, memory) == suggest(asked, history, memory) == first
    assert first is not None


def test_other_seeds_start_elsewhere() -> None:
    assert suggest(problem(seed=1), History()) != suggest(problem(seed=2), History())


@pytest.mark.parametrize("count", [0, 5, 25])
def test_twenty_in_flight_all_differ(count: int) -> None:
    asked = problem(seed=3)
    suggestions, history = started(asked, observed(asked, count), 20, suggest)
    assert len(suggestions) == 20
    space = Space(asked.parameters)
    assert len({space.key(run.configuration) for run in history.in_flight}) == 20
    assert len({run.trial for run in history.in_flight}) == 20


def test_parallel_suggestions_are_spread_not_neighbors_of_one_another() -> None:
    asked = problem(lengths=FULL_ONLY, seed=4)
    suggestions, _ = started(asked, observed(asked, 25), 6, suggest)
    places = Space(asked.parameters).encode([s.configuration for s in suggestions])
    gaps = np.abs(places[:, None] - places[None]).max(axis=2)[np.triu_indices(6, 1)]
    assert gaps.min() > 0.005
    assert np.median(gaps) > 0.1


@st.composite
def histories(draw: st.DrawFn) -> tuple[Problem, History]:
    """Return a problem and a history of successes, failures, extremes and runs in flight."""
    asked = problem(
        lengths=draw(st.sampled_from([(1,), (27,), (1, 4, 8), (1, 3, 9, 27)])),
        maximize=draw(st.booleans()),
        seed=draw(st.integers(0, 2**31 - 1)),
    )
    values = draw(
        st.sampled_from(
            [
                st.none(),
                st.just(0.5),
                st.one_of(st.none(), st.floats(0, 1)),
                st.floats(allow_nan=False, allow_infinity=False),
            ]
        )
    )
    history = observed(asked, draw(st.integers(0, 16)))
    history = replace(
        history,
        observations=tuple(replace(seen, value=draw(values)) for seen in history.observations),
        remaining_cost=draw(st.sampled_from([0.0, 0.4, 1.0, 3.0, math.inf])),
        remaining_runs=draw(st.sampled_from([0, 1, 2, 20, math.inf])),
    )
    _, history = started(asked, history, draw(st.integers(0, 2)), suggest)
    return asked, history


@settings(derandomize=True, database=None, deadline=None, max_examples=60)
@given(drawn=histories())
def test_every_suggestion_is_allowed_affordable_new_or_a_promotion(drawn: tuple[Problem, History]) -> None:
    asked, history = drawn
    suggestion = suggest(asked, history)
    full = asked.ladder.full_epochs
    could_start = history.remaining_cost >= 1 and history.remaining_runs >= 1
    if suggestion is None:
        assert not could_start
        return
    space = Space(asked.parameters)
    tried = {space.key(seen.configuration) for seen in history.observations}
    tried |= {space.key(run.configuration) for run in history.in_flight}
    for name, value in suggestion.configuration.items():
        assert asked.parameters[name].contains(value)
    assert asked.ladder.cost(suggestion.from_epochs, full) <= history.remaining_cost + 1e-9
    assert history.remaining_runs >= (1 if suggestion.to_epochs == full else 2)
    assert suggestion.to_epochs in {rung.epochs for rung in asked.ladder.above(suggestion.from_epochs)}
    if suggestion.trial is None:
        assert suggestion.from_epochs == 0
        assert space.key(suggestion.configuration) not in tried
    else:
        (stood,) = [seen for seen in history.observations if seen.trial == suggestion.trial]
        assert (stood.epochs, stood.configuration) == (suggestion.from_epochs, suggestion.configuration)
        assert stood.value is not None
        assert suggestion.trial not in {run.trial for run in history.in_flight}
    for number in (suggestion.acquisition, suggestion.predicted_mean, suggestion.predicted_std):
        assert number is None or math.isfinite(number)


def test_a_promotion_resumes_a_paused_trial_where_it_stands() -> None:
    outcome = simulate(problem(seed=1), suggest, cost=6)
    stands: dict[int, int] = {}
    promotions = 0
    trials = 0
    for suggestion in outcome.suggestions:
        if suggestion.trial is None:
            trials += 1
            trial = trials
        else:
            trial = suggestion.trial
            promotions += 1
        assert suggestion.from_epochs == stands.get(trial, 0)
        stands[trial] = suggestion.to_epochs
    assert promotions >= 5
    assert 27 in stands.values()


def test_retired_and_failed_trials_are_never_promoted() -> None:
    asked = problem(seed=2)
    history = observed(
        asked, 12, lambda configuration, share: None if configuration["nesterov"] else loss(configuration, share)
    )
    failed = {seen.trial for seen in history.observations if seen.value is None}
    best = min((s for s in history.observations if s.value is not None and s.epochs < 27), key=lambda s: s.value or 0.0)
    history = replace(history, retired=frozenset({best.trial}), remaining_cost=0.97)  # promotions only
    promoted: list[int] = []
    while (suggestion := suggest(asked, history)) is not None and len(promoted) < 12:
        assert suggestion.trial is not None
        promoted.append(suggestion.trial)
        history = replace(history, retired=history.retired | {suggestion.trial})
    assert promoted
    assert not {best.trial, *failed} & set(promoted)
    assert len(set(promoted)) == len(promoted)


def test_failures_are_avoided() -> None:
    """A quarter of the cube fails. At random about 5 of 20 would; the margin is two standard deviations and more."""

    def diverges(configuration: Configuration, share: float) -> float | None:
        return None if float(configuration["learning_rate"]) > 0.1 else loss(configuration, share)

    late = []
    for seed in range(3):
        outcome = simulate(problem(lengths=FULL_ONLY, seed=seed), suggest, objective=diverges, cost=35)
        late += [s.configuration for s in outcome.suggestions[15:]]
    assert sum(float(c["learning_rate"]) > 0.1 for c in late) <= 0.1 * len(late)


@pytest.mark.parametrize("maximize", [False, True])
def test_both_directions_lead_to_the_best_end(maximize: bool) -> None:
    sign = -1.0 if maximize else 1.0
    asked = problem(lengths=FULL_ONLY, maximize=maximize, seed=8)
    outcome = simulate(asked, suggest, objective=lambda c, share: sign * loss(c, share), cost=25)
    losses = [sign * (seen.value or 0.0) for seen in outcome.history.observations]
    assert np.mean(losses[15:]) < 0.5 * np.mean(losses[:5])


def test_a_maximized_experiment_is_the_minimized_one_with_the_sign_changed() -> None:
    down = observed(problem(seed=9), 15)
    up = replace(down, observations=tuple(replace(s, value=-(s.value or 0.0)) for s in down.observations))
    one, other = suggest(problem(seed=9), down), suggest(problem(seed=9, maximize=True), up)
    assert one is not None
    assert other is not None
    assert one.predicted_mean is not None
    assert replace(other, predicted_mean=None) == replace(one, predicted_mean=None)
    assert other.predicted_mean == pytest.approx(-one.predicted_mean)


def test_the_prediction_is_in_the_objective_s_own_units() -> None:
    parameters: dict[str, Parameter] = {"p": RealParameter(type="real", low=0.0, high=1.0)}
    asked = replace(tiny((1,)), parameters=parameters)  # maximized
    history = History(
        observations=tuple(
            Observation(trial=i, configuration={"p": p}, epochs=1, value=80.0 + 10 * math.sin(3 * p))
            for i, p in enumerate(np.linspace(0, 1, 15).tolist(), start=1)
        )
    )
    suggestion = suggest(asked, history)
    assert suggestion is not None
    assert suggestion.source == "model"
    assert suggestion.predicted_mean == pytest.approx(
        80 + 10 * math.sin(3 * float(suggestion.configuration["p"])), abs=0.5
    )


def test_a_suggestion_between_two_lessons_is_quick() -> None:
    """220 observations and 20 in flight. The target is 0.15 s of CPU; the bound allows for a slower machine."""
    asked = problem(seed=10)
    _, history = started(asked, observed(asked, 220), 20, suggest)
    began = time.process_time()
    suggest(asked, history)
    assert time.process_time() - began < 0.6


def test_a_run_that_ends_is_taken_into_account() -> None:
    asked = problem(seed=12)
    _, history = started(asked, observed(asked, 20), 1, suggest)
    (run,) = history.in_flight
    after_good = suggest(asked, finished(history, run, 0.0))
    after_bad = suggest(asked, finished(history, run, 500.0))
    assert after_good != after_bad


def test_a_run_that_does_badly_on_its_way_is_no_longer_believed_in() -> None:
    """Two thirds of the way it is far worse than what its first third promised: others are sought elsewhere again."""
    asked = problem(lengths=(3, 9, 27), seed=12)
    history = observed(asked, 25)
    best = min(history.observations, key=lambda seen: seen.value or math.inf)
    paused = replace(best, trial=99, epochs=9)
    running = InFlight(trial=99, configuration=best.configuration, from_epochs=9, to_epochs=27)
    worst = max(seen.value or 0.0 for seen in history.observations)
    known = replace(history, observations=(*history.observations, paused), in_flight=(running,))
    failing = replace(running, progress=replace(paused, epochs=18, value=worst))
    space, at = Space(asked.parameters), Space(asked.parameters).encode([best.configuration])
    before, after = (
        belief_of(asked, replace(known, in_flight=(run,)), space, Remembering()).posterior.at_full(at)[0][0]
        for run in (running, failing)
    )
    assert after > before + 0.2
