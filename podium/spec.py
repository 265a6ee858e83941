"""The experiment spec: what to search, how far, with what budget, and how a trial is trained.

Each section checks itself here. What spans sections is checked in `podium.checks`; `podium.faults.parse_spec` runs both
and is the door through which every spec enters.
"""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from podium.parameters import Constraint, Finite, Parameter, ParameterName, Section
from podium.pod import PodShape, Text
from podium.prices import Currency, Prices
from podium.trainer import Training

MAX_NAME_LENGTH = 36


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


RungName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,29}$")]


class Fidelity(Section):
    """How much training a result stands for: named rungs, or a range from which up to four rungs are laid out."""

    resource: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,29}$")] = "epochs"
    rungs: dict[RungName, Annotated[int, Field(ge=1, le=99_999)]] | None = None
    min: Annotated[int, Field(ge=1, le=99_999)] | None = None
    max: Annotated[int, Field(ge=1, le=99_999)] | None = None
    resumable: bool = True
    """Whether a promotion goes on from the trial's checkpoint; else it trains from the start, and costs everything."""
    data_share: (
        Annotated[dict[RungName, Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]], Field(min_length=1)] | None
    ) = None
    """Share of the training images that a rung sees; one that is not named here sees them all."""
    image_size: Annotated[dict[RungName, Annotated[int, Field(ge=32, le=1024)]], Field(min_length=1)] | None = None
    """Pixels along each side at every rung. A promotion to more data, or to larger images, trains from the start."""

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

    @model_validator(mode="after")
    def _second_fidelity_climbs_too(self) -> Self:
        names = list(self.rungs or ())
        for what, given in (("data_share", self.data_share), ("image_size", self.image_size)):
            if unknown := [name for name in given or () if name not in names]:
                known = ", ".join(names) or "without names"
                raise ValueError(f"`{what}` names {', '.join(unknown)}, but the rungs are {known}")
        if self.image_size and (missing := [name for name in names if name not in self.image_size]):
            raise ValueError(f"`image_size` must be given for every rung; it lacks {', '.join(missing)}")
        shares = [self.data_share_of(name) for name in names]
        if shares and shares[-1] != 1.0:
            raise ValueError(f"`data_share` of {names[-1]}, the full rung, must be 1, found {shares[-1]:g}")
        sizes = [self.image_size[name] for name in names] if self.image_size else []
        for what, values in (("data_share", shares), ("image_size", sizes)):
            if any(later < earlier for earlier, later in pairwise(values)):
                raise ValueError(f"`{what}` must not shrink from rung to rung, found {values}")
        return self

    def data_share_of(self, rung: str) -> float:
        return (self.data_share or {}).get(rung, 1.0)


class Limits(Section):
    """Limits of a budget."""

    cost: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Full trainings; a run counts as its share of one."""
    runs: Annotated[int, Field(ge=1)] | None = None
    hours: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Of training, summed over all runs. With it, what trains faster is preferred."""
    money: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """What slots may cost, in the currency of `prices` or `trial.pricePerHour`; those without a price cost nothing.

    With it, what trains faster is preferred.
    """

    @model_validator(mode="after")
    def _pays_one_full_training(self) -> Self:
        if all(limit is None for limit in (self.cost, self.runs, self.hours, self.money)):
            raise ValueError("give `cost` (full trainings), `runs`, or both; `hours` and `money` beside them")
        if self.cost is not None and self.cost < 1:
            raise ValueError(f"a budget of {self.cost:g} cannot pay one full training; `cost` must be at least 1")
        return self


class Budget(Limits):
    """The first limit reached ends the experiment."""

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.cost is None and self.runs is None:
            raise ValueError(
                "give `cost` (full trainings), `runs`, or both; where all fail at once, `hours` and `money` never end"
            )
        return self


class TrialProcess(PodShape):
    """How a trial's process is started: the user's own training script, and the Pod around it on a cluster."""

    command: Annotated[list[Annotated[Text, Field(min_length=1)]], Field(min_length=1)] | None = None
    """A script that reports through `podium.trial()`. Without one, the built-in trainer runs what `training` says."""
    external: Literal[True] | None = None
    """Podium starts nothing: whoever asks is given a run, and reports it. See `podium.asking`."""
    progressSeconds: Annotated[float, Field(ge=1, le=86_400, allow_inf_nan=False)] | None = None
    """How often a process tells how far it is within an epoch, and hears whether to go on; 60 unless given."""
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
    stop_early: bool = False
    """Whether runs are stopped between rungs once what is left of them is worth less than other runs."""
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
    prices: Prices | None = None
    """Of an hour of each accelerator; they go before `trial.pricePerHour` and the installation's."""
    currency: Currency | None = None
    """Of all prices here; the installation's unless given."""
    training: Training | None = None
    trial: TrialProcess | None = None
