"""Tasks from learning curves that were recorded with the worker: a forest between the recorded configurations.

The forest predicts all epochs of a curve at once, so that a curve stays one curve; a second output for each epoch says
whether the loss had been lost by then. It is fitted on load, from the same rows in the same order with the same seed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import spearmanr
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.model_selection import KFold

from benchmarks.curve_table import Curve, read_curves
from benchmarks.finished_trials import spec_of
from benchmarks.optimizer.tasks import Floats, Task, rungs
from controller.space import Space
from podium.parameters import Configuration

RECORDED = ("digits", "fashion-mnist")
FEWEST_CURVES = 100
"""With fewer the forest says little between them; `benchmarks/learning_curves.md` says how to go on recording."""
FOLDS = 10
LOST_ERROR = 0.9
"""Of ten labels, what a model without a finite loss gets wrong; also where a diverged curve goes on."""


def digits() -> Task:
    return recorded("digits")


def fashion_mnist() -> Task:
    return recorded("fashion-mnist")


def recorded(name: str) -> Task:
    """Return the search for the least validation error among the recorded curves, and between them."""
    table = _table_of(read_curves(name))
    forest = _fitted(table.units, table.targets)

    def losses(configurations: Sequence[Configuration], epochs: int) -> Floats:
        predicted = forest.predict(table.space.encode(configurations))  # (configurations, 2 * epochs)
        error, lost = predicted[:, epochs - 1], predicted[:, table.epochs + epochs - 1]
        return np.where(lost > 0.5, np.nan, error)

    return Task(name=name, parameters=table.parameters, ladder=rungs(table.epochs), losses=losses)


def is_recorded(name: str) -> bool:
    return len(read_curves(name)) >= FEWEST_CURVES


def rank_correlations(name: str) -> Mapping[int, float]:
    """Return Spearman's rank correlation of predicted and recorded errors by epoch, cross-validated."""
    table = _table_of(read_curves(name))
    predicted = np.empty_like(table.targets)
    for learned, held_out in KFold(FOLDS, shuffle=True, random_state=0).split(table.units):
        forest = _fitted(table.units[learned], table.targets[learned])
        predicted[held_out] = forest.predict(table.units[held_out])
    return {
        epochs: float(spearmanr(predicted[:, epochs - 1], table.targets[:, epochs - 1]).statistic)
        for epochs in (rung.epochs for rung in rungs(table.epochs).rungs)
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    parameters: Mapping[str, Any]
    space: Space
    epochs: int
    units: Floats  # (configurations, dimensions)
    targets: Floats  # (configurations, 2 * epochs): errors, and whether the loss was lost


def _table_of(curves: Sequence[Curve]) -> _Table:
    parameters = spec_of("curves", parallelism=1, seed=0).parameters
    space = Space(parameters)
    epochs = max(len(curve.errors) for curve in curves)
    errors = np.full((len(curves), epochs), LOST_ERROR)
    lost = np.ones((len(curves), epochs))
    for row, curve in enumerate(curves):
        errors[row, : len(curve.errors)] = curve.errors
        lost[row, : len(curve.errors)] = 0.0
    return _Table(
        parameters=parameters,
        space=space,
        epochs=epochs,
        units=space.encode([curve.configuration for curve in curves]),
        targets=np.hstack([errors, lost]),
    )


def _fitted(units: Floats, targets: Floats) -> ExtraTreesRegressor:
    return ExtraTreesRegressor(n_estimators=100, min_samples_leaf=1, random_state=0).fit(units, targets)
