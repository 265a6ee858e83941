"""Parameters that only some configurations have, and sums of parameters that have bounds."""

from dataclasses import replace

import numpy as np
import pytest

from controller.experiment import History, Observation
from controller.optimizer.question import START_MOST, Question
from controller.optimizer.suggest import suggest
from controller.space import Space
from podium.parameters import (
    CategoricalParameter,
    Configuration,
    Constraint,
    IntegerParameter,
    Parameter,
    RealParameter,
)
from tests.optimizer.simulation import problem, simulate

RUNGS = (1, 3, 9)
NET: dict[str, Parameter] = {
    "beta": RealParameter(type="real", low=0.8, high=0.999, when={"optimizer": ["adamw"]}),
    "nesterov": CategoricalParameter(type="categorical", choices=[True, False], when={"momentum_on": [1]}),
    "momentum_on": IntegerParameter(type="integer", low=0, high=1, when={"optimizer": ["sgd"]}),
    "optimizer": CategoricalParameter(type="categorical", choices=["sgd", "adamw"]),
    "layers": IntegerParameter(type="integer", low=1, high=9),
}
SUM: dict[str, Parameter] = {
    "a": RealParameter(type="real", low=0.0, high=10.0),
    "b": RealParameter(type="real", low=1e-3, high=10.0, scale="log"),
    "c": IntegerParameter(type="integer", low=1, high=64, scale="log", base=2),
}
NARROW = (Constraint(terms={"a": 1.0, "b": 1.0}, at_most=2.0), Constraint(terms={"a": 1.0, "c": -0.25}, at_least=0.0))


def expected_names(configuration: Configuration) -> set[str]:
    names = {"optimizer", "layers"}
    if configuration["optimizer"] == "adamw":
        return names | {"beta"}
    return names | {"momentum_on"} | ({"nesterov"} if configuration["momentum_on"] == 1 else set())


def test_a_configuration_has_the_parameters_whose_conditions_hold() -> None:
    space = Space(NET)
    configurations = space.decode(np.random.default_rng(1).random((200, 5)))
    assert all(set(configuration) == expected_names(configuration) for configuration in configurations)
    assert {configuration["optimizer"] for configuration in configurations} == {"sgd", "adamw"}


def test_what_is_switched_off_makes_no_difference() -> None:
    space = Space(NET)
    points = np.random.default_rng(2).random((50, 5))
    sgd = space.snap(points)[points[:, 3] < 0.5]
    assert len(sgd) > 5
    assert (sgd[:, 0] == 0.5).all()  # beta
    assert space.snap(points) == pytest.approx(space.encode(space.decode(points)), abs=1e-9)


def test_a_grid_lists_each_configuration_once() -> None:
    space = Space({name: NET[name] for name in ("nesterov", "momentum_on", "optimizer")})
    listed = space.decode(space.grid(100))
    assert len(listed) == 4  # adamw; sgd without momentum; sgd with it, nesterov or not
    assert len({space.key(each) for each in listed}) == 4


@pytest.mark.parametrize("draw", ["sobol", "grid"])
def test_points_meet_the_constraints(draw: str) -> None:
    if draw == "sobol":
        space = Space(SUM, NARROW)
        found = space.decode(space.sobol(50, np.random.default_rng(3)))
        assert len(found) == 50
    else:
        space = Space({"a": IntegerParameter(type="integer", low=0, high=10), "c": SUM["c"]}, NARROW[1:])
        found = space.decode(space.grid(1000))
        assert len(found) == sum(a >= c / 4 for a in range(11) for c in (1, 2, 4, 8, 16, 32, 64))
    assert all(constraint.allows(each) for constraint in NARROW[draw == "grid" :] for each in found)


def test_a_constraint_of_what_is_switched_off_is_no_constraint() -> None:
    bounds = Constraint(terms={"beta": 1.0, "layers": 1.0}, at_most=3.0)
    space = Space(NET, [bounds])
    found = space.decode(space.sobol(64, np.random.default_rng(4)))
    assert all(bounds.allows(each) for each in found)
    assert max(float(each["layers"]) for each in found if each["optimizer"] == "sgd") == 9
    assert max(float(each["layers"]) for each in found if each["optimizer"] == "adamw") == 2


def loss(configuration: Configuration, share: float) -> float:
    """The best is sgd with momentum and nesterov, in six layers."""
    miss = (float(configuration["layers"]) - 6) ** 2 / 10 + 0.3 * (1 - share)
    if configuration["optimizer"] == "adamw":
        return miss + 0.5 + abs(float(configuration["beta"]) - 0.9)
    return miss + (0.0 if configuration.get("nesterov") is True else 0.4)


def test_a_search_finds_its_way_through_conditions() -> None:
    asked = problem(parameters=NET, lengths=RUNGS, seed=4)
    outcome = simulate(asked, suggest, cost=8, objective=loss)
    names = [set(suggestion.configuration) for suggestion in outcome.suggestions]
    assert names == [expected_names(suggestion.configuration) for suggestion in outcome.suggestions]
    best = min((seen for seen in outcome.history.observations if seen.epochs == 9), key=lambda seen: seen.value or 0.0)
    assert best.configuration["optimizer"] == "sgd"
    assert best.configuration["nesterov"] is True


def test_every_suggestion_meets_the_constraints() -> None:
    asked = replace(problem(parameters=SUM, lengths=RUNGS, seed=4), constraints=NARROW)
    outcome = simulate(asked, suggest, cost=6, objective=lambda each, _: -float(each["a"]) - float(each["b"]))
    assert len(outcome.suggestions) > 12
    assert all(constraint.allows(each.configuration) for constraint in NARROW for each in outcome.suggestions)
    sums = [float(each.configuration["a"]) + float(each.configuration["b"]) for each in outcome.suggestions]
    assert max(sums) > 1.9  # the best lies on the edge


def test_guesses_come_first_in_their_order_and_once() -> None:
    guesses: tuple[Configuration, ...] = ({"a": 1.0, "b": 0.5, "c": 4}, {"a": 0.5, "b": 0.5, "c": 2})
    asked = replace(problem(parameters=SUM, lengths=RUNGS), guesses=guesses)
    seen = Observation(trial=1, configuration={"a": 0.5, "b": 0.5, "c": 2}, epochs=1, value=1.0)
    first = suggest(asked, History())
    assert first is not None
    assert (first.source, first.configuration, first.to_epochs) == ("guess", guesses[0], 1)
    second = suggest(asked, History(observations=(seen,)))
    assert second is not None
    assert second.configuration == guesses[0]
    done = Observation(trial=2, configuration=guesses[0], epochs=1, value=1.0)
    third = suggest(asked, History(observations=(seen, done)))
    assert third is not None
    assert third.source == "sobol"


def test_guesses_spare_no_evenly_spread_point() -> None:
    guesses: tuple[Configuration, ...] = ({"a": 1.0, "b": 0.5, "c": 4}, {"a": 0.5, "b": 0.5, "c": 2})
    asked = replace(problem(parameters=SUM, lengths=RUNGS), guesses=guesses)
    history, sources = History(), []
    while Question.of(asked, history).is_starting():
        found = suggest(asked, history)
        assert found is not None
        sources.append(found.source)
        seen = Observation(trial=len(sources), configuration=found.configuration, epochs=1, value=float(len(sources)))
        history = History(observations=(*history.observations, seen))
    assert sources == ["guess"] * 2 + ["sobol"] * START_MOST


def test_a_space_of_one_configuration_is_tried_once() -> None:
    bounds = Constraint(terms={"a": 1.0}, at_most=1.0)
    digit: dict[str, Parameter] = {"a": IntegerParameter(type="integer", low=1, high=5)}
    asked = replace(problem(parameters=digit, lengths=RUNGS), constraints=(bounds,))
    outcome = simulate(asked, suggest, cost=5, objective=lambda each, _: float(each["a"]))
    assert {suggestion.configuration["a"] for suggestion in outcome.suggestions} == {1}
    assert [suggestion.to_epochs for suggestion in outcome.suggestions] == [1, 3, 9]
