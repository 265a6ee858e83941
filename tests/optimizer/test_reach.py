"""While little was seen, the model is believed near what was tried, and no further."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from controller.experiment import History, Observation
from controller.optimizer.reach import LEAST, WHOLE, beyond_reach
from controller.optimizer.suggest import suggest
from controller.space import Space
from podium.parameters import CategoricalParameter, Configuration, IntegerParameter, Parameter, RealParameter
from tests.optimizer.simulation import problem

SIDES: Mapping[str, Parameter] = {f"x{side}": RealParameter(type="real", low=0.0, high=1.0) for side in range(4)}
MIXED = Space(
    {
        "rate": RealParameter(type="real", low=1e-4, high=1.0, scale="log"),
        "blocks": IntegerParameter(type="integer", low=1, high=3),
        "optimizer": CategoricalParameter(type="categorical", choices=["sgd", "adam"]),
    }
)
TRIED: Configuration = {"rate": 1e-2, "blocks": 1, "optimizer": "sgd"}


@pytest.mark.parametrize(
    ("changed", "is_within"),
    [
        ({"rate": 2e-2}, True),
        ({"rate": 1e-3}, False),  # a quarter of the interval away
        ({"blocks": 3}, True),
        ({"optimizer": "adam"}, True),
        ({"rate": 1.0, "optimizer": "adam"}, False),
    ],
)
def test_numbers_are_within_reach_or_not_and_categories_and_few_levels_always(
    changed: Configuration, is_within: bool
) -> None:
    one, other = MIXED.encode([TRIED]), MIXED.encode([{**TRIED, **changed}])
    assert bool(beyond_reach(other, one, MIXED)[0] == 0.0) is is_within


def test_the_reach_grows_with_the_rows_until_it_is_everywhere() -> None:
    space, corner = Space(SIDES), np.ones((1, 4))
    away = [beyond_reach(corner, np.zeros((count, 4)), space)[0] for count in (1, 12, 24, 25)]
    assert away[0] == pytest.approx(1 - LEAST - (WHOLE - LEAST) / 25)
    assert away[0] > away[1] > away[2] > away[3] == 0.0


def history_of(values: np.ndarray[tuple[int], np.dtype[np.float64]] | None) -> tuple[Space, History]:
    """Return full trainings near one corner of the cube; without values, all of them failed."""
    space = Space(SIDES)
    places = 0.1 + 0.2 * np.random.default_rng(0).random((12, 4))
    seen = [
        Observation(
            trial=trial, configuration=each, epochs=27, value=None if values is None else float(values[trial - 1])
        )
        for trial, each in enumerate(space.decode(places), start=1)
    ]
    return space, History(observations=tuple(seen))


def distance(space: Space, history: History, seed: int, *, lengths: tuple[int, ...] = (27,)) -> float:
    """Return how far the suggestion is from the nearest that was tried."""
    suggestion = suggest(replace(problem(parameters=SIDES, lengths=lengths), seed=seed), history)
    assert suggestion is not None
    assert suggestion.source == "model"
    tried = space.encode([seen.configuration for seen in history.observations])
    return float(np.abs(space.encode([suggestion.configuration]) - tried).max(axis=1).min())


SEEDS = [1, 2, 3]


@pytest.mark.parametrize("seed", SEEDS)
def test_twelve_rows_do_not_send_the_search_into_a_corner(seed: int) -> None:
    """All that was seen is ripples near one corner: without the reach, the search jumps far away."""
    places = 0.1 + 0.2 * np.random.default_rng(0).random((12, 4))
    space, history = history_of(np.sin(40 * places.sum(axis=1)))
    assert 0.0 < distance(space, history, seed) <= LEAST + (WHOLE - LEAST) * 12 / 25
    assert distance(space, history, seed, lengths=(9, 27)) > WHOLE  # a short run is cheap: it may look anywhere


@pytest.mark.parametrize("seed", SEEDS)
def test_where_all_have_failed_the_search_goes_as_far_as_it_wants(seed: int) -> None:
    space, history = history_of(None)
    assert distance(space, history, seed) > LEAST + (WHOLE - LEAST) * 12 / 25
