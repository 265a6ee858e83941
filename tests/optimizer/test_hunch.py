"""Hints: where the user believes that good values lie."""

import numpy as np
import pytest

from controller.optimizer.hunch import Hunch, hunch_of
from controller.optimizer.suggest import suggest
from controller.space import Space
from podium.parameters import CategoricalParameter, Configuration, Hint, Parameter, RealParameter
from tests.optimizer.simulation import observed, problem, simulate

PARAMETERS: dict[str, Parameter] = {
    "rate": RealParameter(type="real", low=1e-4, high=1.0, scale="log", hint=Hint(value=0.01, spread=0.1)),
    "decay": RealParameter(type="real", low=0.0, high=1.0),
    "optimizer": CategoricalParameter(type="categorical", choices=["sgd", "adamw", "lion"], hint=Hint(value="adamw")),
}
SPACE = Space(PARAMETERS)


def hunch() -> Hunch:
    found = hunch_of(problem(parameters=PARAMETERS), SPACE)
    assert found is not None
    return found


def unit(rate: float, decay: float, optimizer: str) -> np.ndarray:
    return SPACE.encode([{"rate": rate, "decay": decay, "optimizer": optimizer}])


def test_without_hints_there_is_no_hunch() -> None:
    assert hunch_of(problem(), Space(problem().parameters)) is None


def test_what_was_believed_weighs_less_with_each_trial() -> None:
    here, there, other = unit(0.01, 0.3, "adamw"), unit(0.1, 0.3, "adamw"), unit(0.01, 0.9, "sgd")
    assert hunch().log_weight(here, 5)[0] == pytest.approx(0.0)
    assert hunch().log_weight(there, 10)[0] == pytest.approx(-0.5 * 2.5**2)  # 0.25 of the range, spread 0.1
    assert hunch().log_weight(other, 10)[0] == pytest.approx(-0.5 * 3.0**2)
    assert hunch().log_weight(there, 1000)[0] == pytest.approx(hunch().log_weight(there, 10)[0] / 100)


def test_the_gradient_is_that_of_the_weight() -> None:
    at = unit(0.05, 0.3, "sgd")
    gradient = hunch().log_weight_gradient(at, 7)
    step = np.array([[1e-6, 0.0, 0.0]])
    rise = hunch().log_weight(at + step, 7) - hunch().log_weight(at - step, 7)
    assert gradient[0, 0] == pytest.approx(float(rise[0]) / 2e-6, rel=1e-5)
    assert gradient[0, 1:].tolist() == [0.0, 0.0]


def test_half_of_the_start_follows_the_hints() -> None:
    outcome = simulate(problem(parameters=PARAMETERS, lengths=(1, 4)), suggest, objective=lambda *_: 0.5, cost=14)
    start = [each.configuration for each in outcome.suggestions if each.source == "sobol"]
    near = [0.001 < float(each["rate"]) < 0.1 for each in start]
    assert len(start) >= 10
    assert all(near[::2])
    assert not all(near[1::2])


@pytest.mark.parametrize(("best", "most"), [(0.012, 0.002), (0.5, 0.02)])
def test_a_good_hint_helps_and_a_wrong_one_is_overcome(best: float, most: float) -> None:
    def loss(configuration: Configuration, share: float) -> float:
        away = np.log10(float(configuration["rate"]) / best) / 4
        return float(away**2) + 0.1 * (float(configuration["decay"]) - 0.4) ** 2 + 0.1 * (1 - share)

    outcome = simulate(problem(parameters=PARAMETERS, lengths=(1, 4), seed=2), suggest, objective=loss, cost=12)
    full = [seen.value for seen in outcome.history.observations if seen.epochs == 4 and seen.value is not None]
    assert min(full) < most


def test_half_of_the_start_takes_the_category_believed_in_and_the_rest_all() -> None:
    points = np.linspace(0.001, 0.999, 256)[:, None].repeat(3, axis=1)
    names = [each["optimizer"] for each in SPACE.decode(SPACE.snap(hunch().bent(points)[::2]))]
    assert names.count("adamw") > names.count("sgd") > 10
    assert names.count("lion") > 10


def test_of_a_parameter_that_is_switched_off_nothing_is_believed() -> None:
    """The middle one of three choices stands where a parameter stands that is switched off."""
    conditional: dict[str, Parameter] = {
        "optimizer": CategoricalParameter(type="categorical", choices=["sgd", "adamw"]),
        "schedule": CategoricalParameter(
            type="categorical", choices=["step", "cosine", "none"], hint=Hint(value="step"), when={"optimizer": ["sgd"]}
        ),
    }
    space = Space(conditional)
    found = hunch_of(problem(parameters=conditional), space)
    assert found is not None
    off, middle, believed = space.encode(
        [{"optimizer": "adamw"}, {"optimizer": "sgd", "schedule": "cosine"}, {"optimizer": "sgd", "schedule": "step"}]
    )
    assert off[1] == middle[1]
    weights = found.log_weight(np.array([off, middle, believed]), 10)
    assert weights.tolist() == pytest.approx([0.0, -0.5 * 3.0**2, 0.0])


def test_a_hint_does_not_change_what_there_is_to_gain() -> None:
    def gain(spread: float) -> float:
        hinted = {"a": RealParameter(type="real", low=0.0, high=1.0, hint=Hint(value=0.95, spread=spread))}
        asked = problem(parameters=hinted, lengths=(1, 4), seed=6)
        found = suggest(asked, observed(asked, 40, lambda each, share: (float(each["a"]) - 0.3) ** 2 + 1 - share))
        assert found is not None
        assert found.source == "model"
        assert found.expected_gain is not None
        return found.expected_gain

    assert gain(0.02) == pytest.approx(gain(1.0), rel=0.5)
