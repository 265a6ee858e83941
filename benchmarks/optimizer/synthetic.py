"""Tasks from formulas: known functions with a bias at low fidelity, and what is hard in practice, each by itself."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.optimizer.tasks import Floats, Task, rungs
from controller.experiment import Ladder, Rung
from podium.parameters import (
    CategoricalParameter,
    Configuration,
    Constraint,
    IntegerParameter,
    Parameter,
    RealParameter,
)

FULL_EPOCHS = 27


def branin() -> Task:
    """Return Branin's function, whose constants shift at low fidelity (Kandasamy et al. 2017, BOCA, appendix)."""

    def losses(configurations: Sequence[Configuration], epochs: int) -> Floats:
        x, y = columns(configurations, "x", "y")
        missing = 1 - epochs / FULL_EPOCHS
        b = 5.1 / (4 * math.pi**2) - 0.01 * missing
        c = 5 / math.pi - 0.1 * missing
        t = 1 / (8 * math.pi) + 0.05 * missing
        return np.asarray((y - b * x**2 + c * x - 6) ** 2 + 10 * (1 - t) * np.cos(x) + 10)

    x = RealParameter(type="real", low=-5.0, high=10.0)
    y = RealParameter(type="real", low=0.0, high=15.0)
    return Task(name="branin", parameters={"x": x, "y": y}, ladder=rungs(FULL_EPOCHS), losses=losses)


HARTMANN_WEIGHTS = np.array([1.0, 1.2, 3.0, 3.2])
HARTMANN_WIDTHS = np.array(
    [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
)
HARTMANN_CENTERS = np.array(
    [
        [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
        [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
        [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
        [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
    ]
)
SIDES = [f"x{index}" for index in range(6)]


def hartmann(units: Floats, missing: float) -> Floats:
    """Return Hartmann's function of 6 numbers; at low fidelity its four wells have other depths, and all is worse."""
    weights = HARTMANN_WEIGHTS - 0.4 * missing * np.array([1, -1, 1, 1])
    squared = (HARTMANN_WIDTHS * (units[:, None, :] - HARTMANN_CENTERS) ** 2).sum(axis=2)  # (points, wells)
    return np.asarray(-(weights * np.exp(-squared)).sum(axis=1) + 0.3 * missing)


def hartmann6(*, name: str = "hartmann6", noise: float = 0.0) -> Task:
    def losses(configurations: Sequence[Configuration], epochs: int) -> Floats:
        return hartmann(np.stack(columns(configurations, *SIDES), axis=1), 1 - epochs / FULL_EPOCHS)

    return Task(name=name, parameters=cube(), ladder=rungs(FULL_EPOCHS), losses=losses, noise=noise)


def noisy() -> Task:
    """Return Hartmann's function, observed with a tenth of the distance from the best to the median as noise."""
    return hartmann6(name="noisy", noise=0.3)


def outliers() -> Task:
    """Return Hartmann's function, where one observation in twenty is far too high."""
    return replace(hartmann6(name="outliers"), outliers=0.05)


def wide() -> Task:
    """Return Hartmann's function among 50 parameters, of which 44 do nothing."""
    parameters = {**cube(), **{f"idle{index}": RealParameter(type="real", low=0.0, high=1.0) for index in range(44)}}
    return replace(hartmann6(name="wide"), parameters=parameters)


def constrained() -> Task:
    """Return Hartmann's function where the sum of its parameters is bounded on both sides, close to its best point."""
    bounded = Constraint(terms=dict.fromkeys(SIDES, 1.0), at_least=1.4, at_most=2.2)
    return replace(hartmann6(name="constrained"), constraints=(bounded,))


def misleading() -> Task:
    """Return Hartmann's function whose short runs belong to other points: each rung is shuffled in its own way."""

    def losses(configurations: Sequence[Configuration], epochs: int) -> Floats:
        units = np.stack(columns(configurations, *SIDES), axis=1)
        if epochs == FULL_EPOCHS:
            return hartmann(units, 0.0)
        mirrored = 1 - np.roll(units, 1 + epochs % 5, axis=1)
        return hartmann(mirrored, 1 - epochs / FULL_EPOCHS)

    return Task(name="misleading", parameters=cube(), ladder=rungs(FULL_EPOCHS), losses=losses)


def starting_over() -> Task:
    """Return Hartmann's function where a promotion trains from the start, and pays for all of it."""
    return replace(hartmann6(name="starting-over"), ladder=Ladder(rungs(FULL_EPOCHS).rungs, resumable=False))


def two_fidelities() -> Task:
    """Return Hartmann's function with fewer epochs and less data at the lower rungs; each makes half of the bias."""
    ladder = Ladder(
        (
            Rung(name="small", epochs=3, data_share=0.25),
            Rung(name="medium", epochs=9, data_share=0.5),
            Rung(name="full", epochs=FULL_EPOCHS),
        )
    )

    def losses(configurations: Sequence[Configuration], epochs: int) -> Floats:
        units = np.stack(columns(configurations, *SIDES), axis=1)
        data_share = ladder.rung_to(epochs).data_share
        return hartmann(units, 1 - (epochs / FULL_EPOCHS + data_share) / 2)

    return Task(name="two-fidelities", parameters=cube(), ladder=ladder, losses=losses)


def conditional() -> Task:
    """Return a training by one of three optimizers, each with a parameter of its own and a best rate of its own.

    The best is the optimizer whose good region is the smallest, and short runs favor another.
    """

    def losses(configurations: Sequence[Configuration], epochs: int) -> Floats:
        missing = 1 - epochs / FULL_EPOCHS
        return np.array([_conditional_loss(configuration, missing) for configuration in configurations])

    parameters: dict[str, Parameter] = {
        "optimizer": CategoricalParameter(type="categorical", choices=["sgd", "adam", "rmsprop"]),
        "learning_rate": RealParameter(type="real", low=1e-5, high=1.0, scale="log"),
        "layers": IntegerParameter(type="integer", low=1, high=12),
        "momentum": RealParameter(type="real", low=0.0, high=1.0, when={"optimizer": ["sgd"]}),
        "beta": RealParameter(type="real", low=0.0, high=1.0, when={"optimizer": ["adam"]}),
        "decay": RealParameter(type="real", low=0.0, high=1.0, when={"optimizer": ["rmsprop"]}),
    }
    return Task(name="conditional", parameters=parameters, ladder=rungs(FULL_EPOCHS), losses=losses)


OWN = {
    "sgd": ("momentum", 0.9, -1.0, 8.0, 0.0),
    "adam": ("beta", 0.7, -3.0, 2.0, 0.1),
    "rmsprop": ("decay", 0.4, -2.5, 1.0, 0.2),
}
"""Of each optimizer: its parameter, the best value of it and of the rate's logarithm, steepness, and the loss there."""


def _conditional_loss(configuration: Configuration, missing: float) -> float:
    optimizer = str(configuration["optimizer"])
    name, best, best_rate, steepness, floor = OWN[optimizer]
    rate = math.log10(float(configuration["learning_rate"]))
    bowl = steepness * ((float(configuration[name]) - best) ** 2 + 0.1 * (rate - best_rate) ** 2)
    early = {"sgd": 0.5, "adam": 0.2, "rmsprop": 0.1}[optimizer] * missing
    return floor + early + bowl + 0.01 * (float(configuration["layers"]) - 7) ** 2


def failing() -> Task:
    """Return a training that is best just before it fails: a higher rate learns faster, until it diverges.

    Large batches at great width run out of memory. Of random configurations a third fails. The parameters are of all
    kinds, and short runs favor the higher rates.
    """

    def losses(configurations: Sequence[Configuration], epochs: int) -> Floats:
        rate, batch, layers, width = columns(configurations, "learning_rate", "batch_size", "layers", "width")
        is_adam = np.array([configuration["optimizer"] == "adam" for configuration in configurations])
        step = np.log10(rate) - np.log10(batch / 64) / 2 + np.where(is_adam, 1.2, 0.0)
        share = epochs / FULL_EPOCHS
        target = -1.0 + 0.5 * (1 - share)
        bowl = 0.8 * (step - target) ** 2 + 0.02 * (layers - 6) ** 2 + 0.05 * (np.log2(width) - 7.5) ** 2
        loss = bowl + np.where(is_adam, 0.0, 0.1) + 0.4 * (1 - np.sqrt(share))
        diverges = step > -0.7
        is_too_large = np.log2(batch) + np.log2(width) > 15
        return np.where(diverges | is_too_large, math.nan, loss)

    parameters: dict[str, Parameter] = {
        "learning_rate": RealParameter(type="real", low=1e-4, high=1.0, scale="log"),
        "batch_size": IntegerParameter(type="integer", low=16, high=256, scale="log", base=2),
        "layers": IntegerParameter(type="integer", low=1, high=12),
        "width": IntegerParameter(type="integer", low=16, high=512, scale="log"),
        "optimizer": CategoricalParameter(type="categorical", choices=["sgd", "adam", "adagrad"]),
    }
    return Task(name="failing", parameters=parameters, ladder=rungs(FULL_EPOCHS), losses=losses)


def cube() -> Mapping[str, Parameter]:
    return {side: RealParameter(type="real", low=0.0, high=1.0) for side in SIDES}


def columns(configurations: Sequence[Configuration], *names: str) -> list[Floats]:
    return [np.array([float(configuration[name]) for configuration in configurations]) for name in names]
