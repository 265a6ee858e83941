"""Tasks in which something is believed before the first run: hints, and what earlier searches found; right and wrong.

A wrong belief is that the good lies where it does not: every coordinate is mirrored. Searches with and without it show
what it costs, and how soon it is forgotten.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.optimizer.searchers import Asha
from benchmarks.optimizer.simulation import simulate
from benchmarks.optimizer.synthetic import FULL_EPOCHS, SIDES, columns, cube, hartmann, hartmann6
from benchmarks.optimizer.tasks import Floats, Task
from controller.space import Space
from controller.warm_start import BEST_OF_EACH, adapted
from podium.parameters import Configuration, Hint, Parameter, RealParameter
from podium.spec import ExperimentSpec

BEST_PLACE = np.array([0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573])
"""Of Hartmann's function of 6 numbers (Surjanovic and Bingham, Virtual Library of Simulation Experiments)."""
MOVED = np.array([0.05, -0.05, 0.05, -0.05, 0.05, -0.05])
"""By which the function of an earlier search is translated (as those of Volpp et al. 2020, MetaBO, are)."""
EARLIER_COST, EARLIER_SEED = 60, 1_000
"""Full trainings of an earlier search, and its seed; no search of the benchmark has it."""


def hint() -> Task:
    """Return Hartmann's function with a hint for each parameter, right to a tenth of its range."""
    return _hinted("hint", np.round(BEST_PLACE, 1))


def wrong_hint() -> Task:
    """Return Hartmann's function with hints that point to the other side of the cube (as Hvarfner et al. 2022)."""
    return _hinted("wrong-hint", 1 - np.round(BEST_PLACE, 1))


def _hinted(name: str, places: Floats) -> Task:
    hints = {side: Hint(value=float(place)) for side, place in zip(SIDES, places, strict=True)}
    hinted = {side: each.model_copy(update={"hint": hints[side]}) for side, each in cube().items()}
    return replace(hartmann6(name=name), parameters=hinted)


def warm_start() -> Task:
    """Return Hartmann's function with the best that an earlier search found in the same space, for a function close by.

    The guesses are the same for every seed.
    """
    return _warm("warm-start", _earlier(cube(), lambda units: units + MOVED))


def overlapping() -> Task:
    """Return the same where the earlier search had no x5, one range that is shorter, and a parameter of its own.

    Its x5 stood at .5; guesses have the middle of the range there.
    """
    parameters = {**cube(), "x0": RealParameter(type="real", low=0.0, high=0.5), "idle": cube()["x0"]}
    del parameters["x5"]
    return _warm("overlapping", _earlier(parameters, lambda units: units + MOVED))


def wrong_warm_start() -> Task:
    """Return the same where what was good earlier is bad now: the earlier function is the mirror of this one."""
    return _warm("wrong-warm-start", _earlier(cube(), lambda units: 1 - units))


def _warm(name: str, earlier: Sequence[Configuration]) -> Task:
    task = hartmann6(name=name)
    spec = ExperimentSpec.model_validate(
        {
            "name": name,
            "objective": {"metric": "loss", "direction": "minimize"},
            "parameters": dict(task.parameters),
            "fidelity": {"min": 1, "max": FULL_EPOCHS},
            "budget": {"cost": EARLIER_COST},
        }
    )
    return replace(task, guesses=tuple(adapted(earlier, Space(task.parameters), spec)))


def _earlier(parameters: Mapping[str, Parameter], moved: Callable[[Floats], Floats]) -> Sequence[Configuration]:
    """Return the best that an earlier search has trained in full, as many as the controller takes, the best first."""

    def losses(configurations: Sequence[Configuration], epochs: int) -> Floats:
        whole = [{"x5": 0.5, **configuration} for configuration in configurations]
        units = np.stack(columns(whole, *SIDES), axis=1)
        return hartmann(moved(units), 1 - epochs / FULL_EPOCHS)

    task = replace(hartmann6(name="earlier"), parameters=parameters, losses=losses)
    results = simulate(task, Asha(task, EARLIER_SEED), workers=1, budget=EARLIER_COST, seed=EARLIER_SEED)
    full = [result for result in results if result.run.epochs == FULL_EPOCHS]
    return [result.run.configuration for result in sorted(full, key=lambda each: each.true_loss)[:BEST_OF_EACH]]
