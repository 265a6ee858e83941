"""The figures of the model, against a truth that is known: what matters, what is predicted, how sure that is."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from controller.experiment import problem_of
from controller.figures import contour, slices, suggestion
from controller.figures.anchor import anchor_at_best, turned_on
from controller.figures.drawing import study_of
from controller.figures.names import View
from controller.figures.sensitivity import draws_at_full, sensitivity_of
from controller.optimizer.data import Data
from controller.optimizer.kernel import Kernel
from controller.optimizer.memory import Remembering
from controller.optimizer.process import Posterior, posterior_of, with_z
from controller.optimizer.suggest import suggest
from controller.optimizer.threads import one_thread
from controller.space import Space
from podium.parameters import CategoricalParameter, Parameter, RealParameter
from podium.taxonomy import ExperimentState
from tests.figures.records import EVERYTHING, record_of, truth

LEARN = Remembering()


@pytest.fixture(autouse=True)
def _on_one_thread() -> Iterator[None]:
    with one_thread():
        yield


RECORD = record_of(60, **EVERYTHING)
STUDY = study_of(RECORD, learn=LEARN)
UNIT = RealParameter(type="real", low=0.0, high=1.0)
SPACE = Space(
    {"a": UNIT, "b": UNIT, "c": UNIT, "kind": CategoricalParameter(type="categorical", choices=["p", "q", "r"])}
)


def posterior_with(targets: np.ndarray, units: np.ndarray, z: np.ndarray) -> Posterior:
    kernel = Kernel(
        length_scales=np.array([1.0, 1.0, 1.0, 1.5]),
        variance=4.0,
        fidelity_scale=8.0,
        slope=0.1,
        noise=1e-4,
        noise_slope=0.3,
        is_categorical=SPACE.is_categorical,
    )
    return posterior_of(Data.of(np.column_stack([units, z]), targets), kernel)


def test_indices_are_those_of_the_function_that_was_observed() -> None:
    units = SPACE.sobol(256, np.random.default_rng(1))
    kind = np.floor(units[:, 3] * 3)
    found = sensitivity_of(
        posterior_with(units[:, 0] + units[:, 1] * units[:, 2] + 0.5 * (kind == 2), units, np.zeros(256)), SPACE
    )
    parts = np.array([1 / 12, 1 / 48, 1 / 48, 0.25 * 2 / 9])  # of the variance, by each parameter alone
    both = 1 / 144  # by b and c together
    whole = parts.sum() + both
    first, total = np.median(found.first, axis=0), np.median(found.total, axis=0)
    np.testing.assert_allclose(first, parts / whole, atol=0.03)
    np.testing.assert_allclose(total, (parts + np.array([0, both, both, 0])) / whole, atol=0.03)


def test_few_rows_leave_the_indices_open() -> None:
    units = SPACE.sobol(8, np.random.default_rng(1))
    spread = [
        np.ptp(
            np.quantile(
                sensitivity_of(posterior_with(each[:, 0], each, np.zeros(len(each))), SPACE).total[:, 0], [0.05, 0.95]
            )
        )
        for each in (units, SPACE.sobol(128, np.random.default_rng(1)))
    ]
    assert spread[0] > 3 * spread[1]


def test_draws_have_the_mean_and_the_spread_of_the_posterior_across_fidelities() -> None:
    rng = np.random.default_rng(2)
    units = SPACE.sobol(24, rng)
    z = np.where(np.arange(24) % 3 == 0, 0.0, np.log(1 / 9))
    posterior = posterior_with(np.sin(4 * units[:, 0]) + (units[:, 3] < 0.4) + 0.3 * z, units, z)
    at = SPACE.sobol(64, np.random.default_rng(9))
    drawn = np.hstack(
        [draws_at_full(posterior, at, np.array(SPACE.levels), np.random.default_rng(seed)) for seed in range(6)]
    )
    constant = at[:1]
    mean, _ = posterior.at_full(at)
    expected = mean - posterior.at_full(constant)[0]
    kernel, data = posterior.kernel, posterior.data
    left = _covariance(posterior, kernel, data, with_z(at, 0.0))
    spread = np.sqrt(np.maximum(np.diag(left) + left[0, 0] - 2 * left[0], 0.0))  # of the difference from the first
    differences = drawn - drawn[:1]
    away = np.abs(differences.mean(axis=1) - expected)[1:]
    assert (away < 5 * spread[1:] / np.sqrt(drawn.shape[1]) + 0.02).all()
    np.testing.assert_allclose(differences.std(axis=1)[1:], spread[1:], rtol=0.2, atol=0.01)


def _covariance(posterior: Posterior, kernel: Kernel, data: Data, inputs: np.ndarray) -> np.ndarray:
    across = kernel.covariance(data.inputs, inputs)
    whitened = np.linalg.solve(posterior.factor, across)
    return np.asarray(kernel.covariance(inputs, inputs) - whitened.T @ whitened)


def test_what_decides_the_objective_is_called_important() -> None:
    assert STUDY.space.names[STUDY.most_important[0]] == "learning_rate"
    seconds = study_of(RECORD, View(objective="seconds"), LEARN)
    assert seconds.space.names[seconds.most_important[0]] == "layers"


@pytest.mark.parametrize("objective", ["accuracy", "seconds"])
def test_predictions_have_the_objectives_units_and_hold_the_truth(objective: str) -> None:
    study = study_of(RECORD, View(objective=objective), LEARN)
    configurations = study.space.decode(study.space.sobol(64, np.random.default_rng(8)))
    expected = np.array([truth(each, 1.0)[objective] for each in configurations])
    middle, low, high = study.predicted(study.space.encode(configurations))
    assert (low <= middle).all()
    assert (middle <= high).all()
    assert np.median(np.abs(middle - expected)) < 0.05 * np.ptp(expected)
    assert ((low <= expected) & (expected <= high)).mean() > 0.7


def test_a_result_without_the_objective_says_nothing_and_a_failure_stays_one() -> None:
    def sparse(configuration: dict[str, object], share: float) -> dict[str, float]:
        found = truth(configuration, share)  # type: ignore[arg-type]
        return found if share == 1.0 else {"accuracy": found["accuracy"]}

    record = record_of(24, truth=sparse, **EVERYTHING)  # type: ignore[arg-type]
    study = study_of(record, View(objective="seconds"), LEARN)
    assert study.results == sum(trial.reached_epoch == 18 for trial in record.trials)
    failed = [seen for seen in study.history.observations if seen.value is None]
    assert len(failed) == sum(trial.state == "failed" for trial in record.trials)


def test_a_slice_turns_on_what_the_parameter_depends_on() -> None:
    anchor = anchor_at_best(STUDY)
    names = STUDY.space.names
    units = anchor.units.copy()
    units[names.index("optimizer")] = STUDY.space.place("optimizer", "adam")
    on = STUDY.space.decode(turned_on(names.index("momentum"), units, STUDY)[None])[0]
    assert on["optimizer"] == "sgd"
    _, rows = replace(anchor, units=units).along(names.index("momentum"), np.linspace(0, 1, 5), STUDY)
    assert len({row["momentum"] for row in STUDY.space.decode(rows)}) == 5
    _, rows = anchor.along(
        names.index("optimizer"),
        STUDY.space.encode([{"learning_rate": 0.1, "layers": 1, "optimizer": each} for each in ("adam", "lion")])[:, 2],
        STUDY,
    )
    assert all("momentum" not in row for row in STUDY.space.decode(rows))


def test_the_slice_peaks_where_the_truth_does() -> None:
    figure = slices.draw(STUDY)
    line = next(trace for trace in figure.data if trace.name == "prediction")  # of the learning rate, the first
    peak = line.x[int(np.argmax(line.y))]
    assert 3e-3 < peak < 3e-2
    assert figure.layout.xaxis.type == "log"


def test_nothing_is_predicted_where_constraints_forbid_it() -> None:
    record = record_of(
        40,
        parameters={
            "x": UNIT.model_dump(exclude_none=True),
            "learning_rate": {"type": "real", "low": 0.1, "high": 1.0},
        },
        constraints=[{"terms": {"x": 1.0, "learning_rate": 1.0}, "at_most": 1.0}],
    )
    study = study_of(record, learn=LEARN)
    surface = contour.draw(study, View(x="x", y="learning_rate")).data[0]
    for row, rate in zip(surface.z, surface.y, strict=True):
        for value, x in zip(row, surface.x, strict=True):
            assert (value is None) is (x + rate > 1.0 + 1e-9)


def test_the_contour_shows_what_is_asked_for_and_else_what_matters_most() -> None:
    names = STUDY.space.names
    assert contour.columns_of(STUDY, View()) == STUDY.most_important[:2]
    assert contour.columns_of(STUDY, View(x="momentum", y="layers")) == [names.index("momentum"), names.index("layers")]
    assert contour.columns_of(STUDY, View(y="layers")) == [STUDY.most_important[0], names.index("layers")]


def test_what_would_be_tried_next_is_what_the_optimizer_answers() -> None:
    found = suggest(problem_of(RECORD.spec), RECORD.history)
    assert found is not None
    figure = suggestion.draw(STUDY)
    told = figure.layout.title.subtitle.text.replace("<br>", " ")
    assert f"({found.to_epochs} epochs)" in told
    assert "the model expects the most of it for its cost" in told
    marks = [trace.x[0] for trace in figure.data if trace.name == "to be tried"]
    assert marks[0] == found.configuration["learning_rate"]
    paused = study_of(record_of(60, state=ExperimentState.PAUSED, **EVERYTHING), learn=LEARN)
    assert "The experiment is paused" in suggestion.draw(paused).layout.title.subtitle.text.replace("<br>", " ")


def test_before_the_model_knows_anything_the_next_point_is_told_in_words() -> None:
    [words] = suggestion.draw(study_of(record_of(1), learn=LEARN)).layout.annotations
    assert "it is an evenly spread point" in words.text.replace("<br>", " ")
    assert "learning_rate = " in words.text.replace("<br>", " ")


def test_many_parameters_leave_room_for_the_most_important() -> None:
    many: dict[str, Parameter] = {f"p{number}": UNIT for number in range(14)}
    record = record_of(
        20,
        fate=lambda _: "full",
        truth=lambda configuration, _: {"val_accuracy": float(configuration["p13"])},
        parameters={name: each.model_dump(exclude_none=True) for name, each in many.items()},
    )
    study = study_of(record, learn=LEARN)
    shown = slices.columns_shown(study)
    assert len(shown) == 12
    assert 13 in shown
