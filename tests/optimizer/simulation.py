"""Simulated training: slots, simulated time and a synthetic objective, without processes or a database.

The objective has what real ones have: a logarithmic parameter, an integer, a power of two, two categories, and short
runs that favor the wrong configurations.
"""

import heapq
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from controller.experiment import History, InFlight, Ladder, Observation, Problem, Rung, Suggestion
from controller.space import Space
from podium.parameters import CategoricalParameter, Configuration, IntegerParameter, Parameter, RealParameter


class Report(NamedTuple):
    """What a run ends with, where it is more than its objective."""

    value: float | None
    metrics: Mapping[str, float]


Objective = Callable[[Configuration, float], float | Report | None]
"""From a configuration and the share of a full training to the objective; None for a failure."""
Suggest = Callable[[Problem, History], Suggestion | None]

PARAMETERS: dict[str, Parameter] = {
    "learning_rate": RealParameter(type="real", low=1e-4, high=1.0, scale="log"),
    "momentum": RealParameter(type="real", low=0.0, high=1.0),
    "layers": IntegerParameter(type="integer", low=1, high=9),
    "width": IntegerParameter(type="integer", low=8, high=512, scale="log", base=2),
    "activation": CategoricalParameter(type="categorical", choices=["relu", "tanh", "gelu"]),
    "nesterov": CategoricalParameter(type="categorical", choices=[True, False]),
}
BEST_LOSS = 0.397887


def problem(
    *,
    parameters: Mapping[str, Parameter] = PARAMETERS,
    lengths: tuple[int, ...] = (1, 3, 9, 27),
    maximize: bool = False,
    seed: int = 0,
) -> Problem:
    rungs = tuple(Rung(name=f"r{epochs}", epochs=epochs) for epochs in lengths)
    return Problem(parameters=parameters, ladder=Ladder(rungs), maximize=maximize, seed=seed)


def loss(configuration: Configuration, share: float) -> float:
    """Branin over (learning rate, momentum) plus bowls and steps. Early, small steps and shallow nets look too good."""
    u = (math.log10(float(configuration["learning_rate"])) + 4) / 4
    x, y = 15 * u - 5, 15 * float(configuration["momentum"])
    branin = (y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6) ** 2
    branin += 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10
    layers, doublings = float(configuration["layers"]), math.log2(float(configuration["width"]))
    activation = {"relu": 6.0, "tanh": 12.0, "gelu": 0.0}[str(configuration["activation"])]
    steps = activation + (0.0 if configuration["nesterov"] is True else 3.0)
    bowls = 0.8 * (layers - 6) ** 2 + 0.8 * (doublings - 7) ** 2
    return branin + bowls + steps + (1 - share) * (10 + 12 * u + 2.0 * layers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    suggestions: tuple[Suggestion, ...]
    history: History
    """As it stood at the end; nothing is in flight."""

    def regret(self) -> float:
        """Return how far the best configuration seen at full fidelity is from the best there is."""
        full = max(seen.epochs for seen in self.history.observations)
        return (
            min(seen.value for seen in self.history.observations if seen.epochs == full and seen.value is not None)
            - BEST_LOSS
        )


def simulate(
    asked: Problem,
    suggest: Suggest,
    *,
    objective: Objective = loss,
    cost: float,
    workers: int = 1,
) -> Outcome:
    """Run an experiment until nothing is suggested and nothing is in flight. A run takes as long as it costs."""
    history = History(remaining_cost=cost)
    suggestions: list[Suggestion] = []
    ends: list[tuple[float, int, InFlight]] = []
    now, trials = 0.0, 0
    while True:
        while len(ends) < workers and (suggestion := suggest(asked, history)) is not None:
            trials += suggestion.trial is None
            trial = trials if suggestion.trial is None else suggestion.trial
            run = InFlight(
                trial=trial,
                configuration=suggestion.configuration,
                from_epochs=suggestion.from_epochs,
                to_epochs=suggestion.to_epochs,
            )
            price = asked.ladder.cost(run.from_epochs, run.to_epochs)
            history = replace(
                history,
                in_flight=(*history.in_flight, run),
                remaining_cost=history.remaining_cost - price,
                remaining_runs=history.remaining_runs - 1,
            )
            suggestions.append(suggestion)
            heapq.heappush(ends, (now + price, len(suggestions), run))
        if not ends:
            return Outcome(suggestions=tuple(suggestions), history=history)
        now, _, run = heapq.heappop(ends)
        result = objective(run.configuration, run.to_epochs / asked.ladder.full_epochs)
        report = result if isinstance(result, Report) else Report(result, {})
        history = finished(history, run, report.value, report.metrics)


def finished(
    history: History, run: InFlight, value: float | None, metrics: Mapping[str, float] | None = None
) -> History:
    """Return the history after a run in flight has ended with a value, or failed."""
    seen = Observation(
        trial=run.trial, configuration=run.configuration, epochs=run.to_epochs, value=value, metrics=metrics or {}
    )
    return replace(
        history,
        observations=(*history.observations, seen),
        in_flight=tuple(other for other in history.in_flight if other != run),
        retired=history.retired | ({run.trial} if value is None else set()),
    )


def random_search(asked: Problem, history: History) -> Suggestion | None:
    """Suggest a random configuration at full fidelity, as long as one is affordable."""
    if history.remaining_cost < 1 - 1e-9:
        return None
    count = len(history.observations) + len(history.in_flight)
    space = Space(asked.parameters)
    point = np.random.default_rng([asked.seed, count]).random((1, space.dimensions))
    return Suggestion(
        trial=None,
        configuration=space.decode(point)[0],
        from_epochs=0,
        to_epochs=asked.ladder.full_epochs,
        source="random",
    )


def started(asked: Problem, history: History, count: int, suggest: Suggest) -> tuple[list[Suggestion], History]:
    """Return the next suggestions, each added to what is in flight before the next is asked for."""
    suggestions: list[Suggestion] = []
    taken = [*(seen.trial for seen in history.observations), *(run.trial for run in history.in_flight)]
    for trial in range(max(taken, default=0) + 1, max(taken, default=0) + 1 + count):
        suggestion = suggest(asked, history)
        if suggestion is None:
            break
        run = InFlight(
            trial=trial if suggestion.trial is None else suggestion.trial,
            configuration=suggestion.configuration,
            from_epochs=suggestion.from_epochs,
            to_epochs=suggestion.to_epochs,
        )
        suggestions.append(suggestion)
        history = replace(history, in_flight=(*history.in_flight, run))
    return suggestions, history


def observed(asked: Problem, count: int, value: Callable[[Configuration, float], float | None] = loss) -> History:
    """Return a history of new trials on all rungs, sampled at random."""
    space, rng = Space(asked.parameters), np.random.default_rng(11)
    configurations = space.decode(rng.random((count, space.dimensions)))
    lengths = rng.choice([rung.epochs for rung in asked.ladder.rungs], count).tolist()
    return History(
        observations=tuple(
            Observation(
                trial=trial,
                configuration=configuration,
                epochs=epochs,
                value=value(configuration, epochs / asked.ladder.full_epochs),
            )
            for trial, (configuration, epochs) in enumerate(zip(configurations, lengths, strict=True), start=1)
        )
    )


def tiny(lengths: tuple[int, ...]) -> Problem:
    parameters: dict[str, Parameter] = {
        "size": IntegerParameter(type="integer", low=1, high=4, scale="log", base=2),
        "flag": CategoricalParameter(type="categorical", choices=[True, False, 1]),
    }
    ladder = Ladder(tuple(Rung(name=f"r{epochs}", epochs=epochs) for epochs in lengths))
    return Problem(parameters=parameters, ladder=ladder, maximize=True, seed=0)
