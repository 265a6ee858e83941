"""The experiment spec: what to search, how far, with what budget, and how a trial is trained.

Each section checks itself here. What spans sections is checked in `podium.checks`; `podium.faults.parse_spec` runs both
and is the door through which every spec enters.
"""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from podium.contract import Contract
from podium.pod import PodShape, Text
from podium.trainer import Training

Value = bool | int | float | str
"""A parameter's value. A boolean stays a boolean and an integer an integer, from file to worker."""
Configuration = dict[str, Value]

Finite = Annotated[float, Field(allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
"""An integer that a floating-point number holds exactly, as the optimizer's transforms need."""
ParameterName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")]
MAX_NAME_LENGTH = 36
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


MetricName = Annotated[str, Field(min_length=1, max_length=100)]


class Objective(Section):
    metric: MetricName
    direction: Literal["maximize", "minimize"] = "maximize"


class Threshold(Section):
    """A bound that a metric must meet at full fidelity for a trial to count."""

    metric: MetricName
    at_least: Finite | None = None
    at_most: Finite | None = None

    @model_validator(mode="after")
    def _bounds_one_side(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give `at_least` or `at_most`; for both, write two thresholds")
        return self

    def is_met(self, metrics: Mapping[str, float]) -> bool:
        """Say whether the metric was reported and keeps to its bound."""
        value = metrics.get(self.metric)
        if value is None or not math.isfinite(value):
            return False
        return value >= self.at_least if self.at_least is not None else value <= (self.at_most or 0.0)


class StopWhen(Section):
    """The end of a search that is worth its cost no longer."""

    expected_gain: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """In the objective's units: below this, what one more full training is expected to gain is not worth it."""


class Fidelity(Section):
    """How much training a result stands for: named rungs, or a range from which rungs are laid out."""

    resource: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,29}$")] = "epochs"
    rungs: (
        dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,29}$")], Annotated[int, Field(ge=1, le=99_999)]] | None
    ) = None
    min: Annotated[int, Field(ge=1, le=99_999)] | None = None
    max: Annotated[int, Field(ge=1, le=99_999)] | None = None

    @model_validator(mode="after")
    def _rungs_climb_to_full(self) -> Self:
        if self.rungs is None:
            if self.min is None or self.max is None:
                raise ValueError("give `rungs`, or both `min` and `max`")
            if self.min > self.max:
                raise ValueError(f"`min` must not exceed `max`, found {self.min} > {self.max}")
            return self
        if self.min is not None:
            raise ValueError("`min` goes with `max` alone; with `rungs` the first rung is the minimum")
        lengths = list(self.rungs.values())
        full = self.max if self.max is not None else max(lengths, default=None)
        if full is None or full not in lengths:
            raise ValueError(f"no rung at full cost: one rung must be {full if full else 'the whole training'}")
        if any(later <= earlier for earlier, later in pairwise(lengths)):
            raise ValueError(f"rungs out of order: each must be longer than the one before, found {lengths}")
        return self


class Budget(Section):
    """The first limit reached ends the experiment."""

    cost: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Full trainings; a run counts as its share of one."""
    runs: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _pays_one_full_training(self) -> Self:
        if self.cost is None and self.runs is None:
            raise ValueError("give `cost` (full trainings), `runs`, or both")
        if self.cost is not None and self.cost < 1:
            raise ValueError(f"a budget of {self.cost:g} cannot pay one full training; `cost` must be at least 1")
        return self


class TrialProcess(PodShape):
    """How a trial's process is started: the user's own training script, and the Pod around it on a cluster."""

    command: Annotated[list[Annotated[Text, Field(min_length=1)]], Field(min_length=1)] | None = None
    """A script that reports through `podium.trial()`. Without one, the built-in trainer runs what `training` says."""
    rungs: dict[str, PodShape] = Field(default_factory=dict)
    """What differs at a rung: cheap nodes for `small`, a larger accelerator for `full`."""


class ExperimentSpec(Section):
    name: Annotated[str, Field(pattern=rf"^[a-z]([a-z0-9-]{{0,{MAX_NAME_LENGTH - 2}}}[a-z0-9])?$")]
    """Becomes part of Kubernetes names, hence a DNS label, and short enough for a Job's name of 63."""
    objective: Objective
    other_objectives: Annotated[list[Objective], Field(max_length=3)] = Field(default_factory=list)
    """With them, the search is for the Pareto front; the first objective still says which trial is called the best."""
    thresholds: Annotated[list[Threshold], Field(max_length=10)] = Field(default_factory=list)
    parameters: Annotated[dict[ParameterName, Parameter], Field(min_length=1, max_length=50)]
    constraints: Annotated[list[Constraint], Field(max_length=50)] = Field(default_factory=list)
    fidelity: Fidelity
    budget: Budget
    stop_when: StopWhen | None = None
    parallelism: Annotated[int, Field(ge=1, le=1000)] = 1
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 3
    """Tries at one run before a fault of the trial's own makes it fail. Preemptions do not count."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    baseline: dict[str, bool | int | Finite | str] | None = None
    """Trained once at full fidelity, for comparison; paid from the budget."""
    guesses: Annotated[list[dict[str, bool | int | Finite | str]], Field(max_length=1000)] = Field(default_factory=list)
    """Configurations that are tried before any other, in this order, each at the shortest rung first."""
    warm_start: Annotated[list[str], Field(max_length=10)] = Field(default_factory=list)
    """Earlier experiments with the same objective, by their ids: the best that they found become guesses."""
    checkpoints: Literal["best", "last", "none"] = "best"
    """Whose checkpoints stay once their trials have ended: the best trial's, every trial's last, or nobody's."""
    training: Training | None = None
    trial: TrialProcess | None = None


def is_on(name: str, configuration: Mapping[str, Value], parameters: Mapping[str, Parameter]) -> bool:
    """Say whether a configuration has this parameter: its conditions hold, and those of the parents that they name."""
    return all(
        parent in parameters
        and is_on(parent, configuration, parameters)
        and any(type(configuration.get(parent)) is type(value) and configuration[parent] == value for value in values)
        for parent, values in (parameters[name].when or {}).items()
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
