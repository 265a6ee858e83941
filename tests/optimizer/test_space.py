"""The unit cube and back, for every kind of parameter."""

import math
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.space import Space
from podium.parameters import CategoricalParameter, IntegerParameter, Parameter, RealParameter, is_power

repeatable = settings(derandomize=True, database=None, deadline=None, max_examples=60)
finite = st.floats(allow_nan=False, allow_infinity=False)
scales: st.SearchStrategy[Literal["linear", "log"]] = st.sampled_from(["linear", "log"])
units = st.lists(st.floats(min_value=0.0, max_value=1.0), min_size=1, max_size=8)


@st.composite
def reals(draw: st.DrawFn) -> RealParameter:
    scale = draw(scales)
    bounds = st.floats(min_value=1e-300, max_value=1e300) if scale == "log" else finite
    low, high = sorted(draw(st.tuples(bounds, bounds).filter(lambda b: b[0] != b[1] and math.isfinite(b[1] - b[0]))))
    return RealParameter(type="real", low=low, high=high, scale=scale)


@st.composite
def integers(draw: st.DrawFn) -> IntegerParameter:
    scale = draw(scales)
    least = 1 if scale == "log" else -(10**6)
    low, high = sorted(draw(st.lists(st.integers(least, 10**6), min_size=2, max_size=2, unique=True)))
    return IntegerParameter(type="integer", low=low, high=high, scale=scale)


@st.composite
def powers(draw: st.DrawFn) -> IntegerParameter:
    base = draw(st.integers(2, 10))
    low, high = sorted(draw(st.lists(st.integers(0, 12), min_size=2, max_size=2, unique=True)))
    return IntegerParameter(type="integer", low=base**low, high=base**high, scale="log", base=base)


@st.composite
def categories(draw: st.DrawFn) -> CategoricalParameter:
    values = st.one_of(st.booleans(), st.integers(-3, 3), st.text("True10", max_size=3), st.sampled_from([0.5, 1.0]))
    choices = draw(st.lists(values, min_size=2, max_size=6, unique_by=lambda value: (type(value), value)))
    return CategoricalParameter(type="categorical", choices=choices)


parameters = st.one_of(reals(), integers(), powers(), categories())
discrete = st.one_of(integers(), powers(), categories())


@repeatable
@given(parameter=parameters, points=units)
def test_what_is_decoded_is_always_allowed(parameter: Any, points: list[float]) -> None:
    for configuration in Space({"p": parameter}).decode(np.array(points)[:, None]):
        assert parameter.contains(configuration["p"])


@repeatable
@given(parameter=parameters)
def test_points_outside_the_cube_become_its_bounds(parameter: Any) -> None:
    for configuration in Space({"p": parameter}).decode(np.array([[-0.1], [0.0], [1.0], [1.0 + 1e-12], [7.0]])):
        assert parameter.contains(configuration["p"])


@repeatable
@given(parameter=discrete, points=units)
def test_a_discrete_value_survives_the_way_there_and_back(parameter: Any, points: list[float]) -> None:
    space = Space({"p": parameter})
    there = space.decode(np.array(points)[:, None])
    back = space.decode(space.encode(there))
    assert [(type(c["p"]), c["p"]) for c in back] == [(type(c["p"]), c["p"]) for c in there]


@repeatable
@given(parameter=reals(), points=units)
def test_a_real_value_survives_the_way_there_and_back_within_rounding(
    parameter: RealParameter, points: list[float]
) -> None:
    space = Space({"p": parameter})
    there = space.decode(np.array(points)[:, None])
    again = space.encode(space.decode(space.encode(there)))
    assert np.allclose(again, space.encode(there), atol=1e-6)


@repeatable
@given(parameter=powers())
def test_only_powers_of_the_base_are_decoded_and_all_of_them(parameter: IntegerParameter) -> None:
    values = {c["p"] for c in Space({"p": parameter}).decode(np.linspace(0, 1, 2000)[:, None])}
    assert parameter.base is not None
    expected = {parameter.low * parameter.base**k for k in range(13)}
    assert values == {value for value in expected if value <= parameter.high}
    assert all(isinstance(value, int) and is_power(value, parameter.base) for value in values)


@repeatable
@given(parameter=integers().filter(lambda p: p.high - p.low < 200))
def test_the_grid_of_an_integer_holds_each_level_once(parameter: IntegerParameter) -> None:
    space = Space({"p": parameter})
    assert [c["p"] for c in space.decode(space.grid(1000))] == list(range(parameter.low, parameter.high + 1))
    assert space.size == parameter.high - parameter.low + 1


@pytest.mark.parametrize("parameter", [
    RealParameter(type="real", low=1e-4, high=1.0, scale="log"),
    RealParameter(type="real", low=-3.0, high=0.1),
])  # fmt: skip
def test_real_bounds_are_met_exactly(parameter: RealParameter) -> None:
    low, high = Space({"p": parameter}).decode(np.array([[0.0], [1.0]]))
    assert (low["p"], high["p"]) == (parameter.low, parameter.high)


def test_log_scale_puts_the_geometric_mean_in_the_middle() -> None:
    space = Space({"p": RealParameter(type="real", low=1e-4, high=1.0, scale="log")})
    assert space.decode(np.array([[0.5]]))[0]["p"] == pytest.approx(1e-2)
    assert space.encode([{"p": 1e-3}])[0, 0] == pytest.approx(0.25)


def test_equal_shares_of_the_interval_go_to_each_integer() -> None:
    space = Space({"p": IntegerParameter(type="integer", low=0, high=3)})
    values = [c["p"] for c in space.decode(np.linspace(0.0, 0.9999, 4000)[:, None])]
    assert [values.count(level) for level in range(4)] == pytest.approx([1000] * 4, abs=2)


def test_true_is_not_one_and_stays_true() -> None:
    space = Space({"p": CategoricalParameter(type="categorical", choices=[True, 1, False, 0, "True"])})
    decoded = [c["p"] for c in space.decode(space.grid(9))]
    assert [(type(value), value) for value in decoded] == [
        (bool, True),
        (int, 1),
        (bool, False),
        (int, 0),
        (str, "True"),
    ]
    assert len({space.key({"p": value}) for value in decoded}) == 5
    assert len(set(space.encode([{"p": value} for value in decoded])[:, 0])) == 5


def test_a_whole_number_given_for_a_real_parameter_is_the_same_configuration() -> None:
    space = Space({"p": RealParameter(type="real", low=0.0, high=2.0)})
    assert space.key({"p": 1}) == space.key({"p": 1.0})


MIXED: dict[str, Parameter] = {
    "rate": RealParameter(type="real", low=1e-4, high=1.0, scale="log"),
    "layers": IntegerParameter(type="integer", low=1, high=9),
    "batch": IntegerParameter(type="integer", low=16, high=256, scale="log", base=2),
    "nesterov": CategoricalParameter(type="categorical", choices=[True, False]),
}


@repeatable
@given(seed=st.integers(0, 2**32), scale=st.floats(1e-6, 2.0))
def test_neighbors_stay_inside_and_differ(seed: int, scale: float) -> None:
    space, rng = Space(MIXED), np.random.default_rng(seed)
    points = rng.random((50, 4))
    near = space.neighbors(points, scale=scale, rng=rng)
    assert near.shape == points.shape
    assert near.min() >= 0
    assert near.max() <= 1
    assert (near != points).any(axis=1).mean() > 0.9  # at the edge of the cube a move may lead back
    for configuration in space.decode(near):
        assert all(MIXED[name].contains(value) for name, value in configuration.items())


def test_sobol_points_are_repeatable_even_and_of_any_number() -> None:
    space = Space(MIXED)
    points = space.sobol(37, np.random.default_rng(3))
    assert points.shape == (37, 4)
    assert np.array_equal(points, space.sobol(37, np.random.default_rng(3)))
    assert np.array_equal(points[:5], space.sobol(5, np.random.default_rng(3)))
    counts = np.histogram(space.sobol(32, np.random.default_rng(3))[:, 0], bins=8, range=(0, 1))[0]
    assert counts.tolist() == [4] * 8


def test_untried_drops_the_tried_and_the_repeated() -> None:
    space = Space({"p": IntegerParameter(type="integer", low=1, high=3)})
    offered = space.encode([{"p": 2}, {"p": 1}, {"p": 1}, {"p": 3}])
    tried = set(space.identities(space.encode([{"p": 3}])))
    assert space.decode(space.untried(offered, tried)) == [{"p": 2}, {"p": 1}]


@repeatable
@given(parameter=parameters, points=units)
def test_a_snapped_point_is_the_place_of_its_configuration(parameter: Parameter, points: list[float]) -> None:
    space = Space({"p": parameter})
    column = np.array(points)[:, None]
    snapped = space.snap(column)
    again = space.encode(space.decode(column))
    assert snapped == pytest.approx(again, abs=1e-9)
    if not isinstance(parameter, RealParameter):
        assert space.identities(snapped) == space.identities(again)
