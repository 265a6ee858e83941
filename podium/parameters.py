"""The parameters of a search, and what may be said of them: their types, when they exist, where good values may lie."""

import math
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from podium.contract import Contract

Value = bool | int | float | str
"""A parameter's value. A boolean stays a boolean and an integer an integer, from file to worker."""
Configuration = dict[str, Value]

Finite = Annotated[float, Field(allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
"""An integer that a floating-point number holds exactly, as the optimizer's transforms need."""
ParameterName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")]
SUM_SLACK = 1e-9
"""Share of its size by which a sum may miss a constraint: sums of floats are not exact."""


class Section(Contract):
    """A part of the spec: strict types, no unknown keys, never changed after it is read."""

    model_config = ConfigDict(strict=True)


class Hint(Section):
    """Where good values of a parameter are believed to lie. A wrong one costs some trials, and is then forgotten."""

    value: bool | int | Finite | str
    spread: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Standard deviation of the belief, as a share of the parameter's range on its scale. A category has none."""


class Conditional(Section):
    """What all parameters may have."""

    hint: Hint | None = None

    when: (
        Annotated[
            dict[ParameterName, Annotated[list[bool | int | Finite | str], Field(min_length=1)]], Field(min_length=1)
        ]
        | None
    ) = None
    """A configuration has this parameter only where each of these has one of the values."""


class RealParameter(Conditional):
    type: Literal["real"]
    low: Finite
    high: Finite
    scale: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _bounds_fit(self) -> Self:
        _check_bounds(self.low, self.high, self.scale)
        return self

    def contains(self, value: Value) -> bool:
        return not isinstance(value, bool | str) and self.low <= value <= self.high

    def allowed(self) -> str:
        return f"a number in [{self.low:g}, {self.high:g}]"


class IntegerParameter(Conditional):
    type: Literal["integer"]
    low: Whole
    high: Whole
    scale: Literal["linear", "log"] = "linear"
    base: Annotated[int, Field(ge=2)] | None = None
    """With `scale: log`: only powers of this base are suggested."""

    @model_validator(mode="after")
    def _bounds_fit(self) -> Self:
        _check_bounds(self.low, self.high, self.scale)
        if self.base is not None:
            if self.scale != "log":
                raise ValueError("`base` needs `scale: log`")
            for name, bound in (("low", self.low), ("high", self.high)):
                if not is_power(bound, self.base):
                    raise ValueError(f"`{name}` must be a power of {self.base}, found {bound}")
        return self

    def contains(self, value: Value) -> bool:
        if isinstance(value, bool) or not isinstance(value, int):
            return False
        return self.low <= value <= self.high and (self.base is None or is_power(value, self.base))

    def allowed(self) -> str:
        kind = "an integer" if self.base is None else f"a power of {self.base}"
        return f"{kind} in [{self.low}, {self.high}]"


class CategoricalParameter(Conditional):
    type: Literal["categorical"]
    choices: Annotated[list[bool | int | Finite | str], Field(min_length=2, max_length=1000)]

    @field_validator("choices")
    @classmethod
    def _choices_differ(cls, choices: list[Value]) -> list[Value]:
        seen: set[tuple[type, Value]] = set()
        for choice in choices:
            key = (type(choice), choice)  # True == 1 in Python, yet they are different choices
            if key in seen:
                raise ValueError(f"duplicate choice {choice!r}; each choice may stand once")
            seen.add(key)
        return choices

    def contains(self, value: Value) -> bool:
        return any(type(choice) is type(value) and choice == value for choice in self.choices)

    def allowed(self) -> str:
        return "one of " + ", ".join(map(repr, self.choices))


Parameter = Annotated[RealParameter | IntegerParameter | CategoricalParameter, Field(discriminator="type")]


class Constraint(Section):
    """A bound on a weighted sum of parameters, each in its own units. It counts where a configuration has them all."""

    terms: Annotated[dict[ParameterName, Finite], Field(min_length=1)]
    """The weight of each."""
    at_least: Finite | None = None
    at_most: Finite | None = None

    @model_validator(mode="after")
    def _bounds_something(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("give `at_least`, `at_most`, or both")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"`at_least` must not exceed `at_most`, found {self.at_least:g} > {self.at_most:g}")
        return self

    def allows(self, configuration: Mapping[str, Value]) -> bool:
        """Say whether a configuration meets it, but for the last bits of a sum of floats."""
        if not self.terms.keys() <= configuration.keys():
            return True
        parts = [weight * float(configuration[name]) for name, weight in self.terms.items()]
        slack = SUM_SLACK * sum(map(abs, parts))
        return (self.at_least is None or sum(parts) >= self.at_least - slack) and (
            self.at_most is None or sum(parts) <= self.at_most + slack
        )


def names_on(configuration: Mapping[str, Value], parameters: Mapping[str, Parameter]) -> set[str]:
    """Return the parameters that a configuration has: their conditions hold, and those of the parents they name."""
    on: set[str] = set()
    while more := {name for name in parameters.keys() - on if _holds(parameters[name], configuration, on)}:
        on |= more
    return on


def _holds(parameter: Parameter, configuration: Mapping[str, Value], on: set[str]) -> bool:
    return all(
        parent in on
        and any(type(configuration.get(parent)) is type(value) and configuration[parent] == value for value in values)
        for parent, values in (parameter.when or {}).items()
    )


def is_power(value: int, base: int) -> bool:
    """Say whether `value` is base**k for an integer k >= 0."""
    while value > 1 and value % base == 0:
        value //= base
    return value == 1


def _check_bounds(low: float, high: float, scale: str) -> None:
    if not low < high:
        raise ValueError(f"`low` must be below `high`, found low={low:g}, high={high:g}")
    if not math.isfinite(high - low):
        raise ValueError("the range from `low` to `high` is too wide for a floating-point number")
    if scale == "log" and low <= 0:
        raise ValueError(f"`scale: log` needs bounds above 0, found low={low:g}")
