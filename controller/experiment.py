"""The domain's values: rungs and what they cost, what was observed, what is in flight, what is suggested next."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from podium.parameters import Configuration, Constraint, Parameter
from podium.spec import ExperimentSpec, Fidelity, Threshold

ETA = 3
"""Ratio between neighbouring rungs laid out from `min` and `max`, as in ASHA (Li et al. 2020, section 3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    name: str
    epochs: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rungs of an experiment, the shortest first; the last is a full training."""

    rungs: tuple[Rung, ...]
    resumable: bool = True
    """Whether a promotion goes on where the trial stands; else it starts over, and costs everything again."""

    def __post_init__(self) -> None:
        lengths = [rung.epochs for rung in self.rungs]
        if not lengths or lengths != sorted(set(lengths)) or lengths[0] < 1:
            raise ValueError(f"rungs must climb from at least 1 epoch, found {lengths}")

    @property
    def full_epochs(self) -> int:
        return self.rungs[-1].epochs

    def cost(self, from_epochs: int, to_epochs: int) -> float:
        """Return what training from one length to another costs, in full trainings."""
        return (to_epochs - self.start_of(from_epochs)) / self.full_epochs

    def start_of(self, reached_epochs: int) -> int:
        """Return where the next run of a trial begins that has reached this far."""
        return reached_epochs if self.resumable else 0

    def above(self, epochs: int) -> tuple[Rung, ...]:
        return tuple(rung for rung in self.rungs if rung.epochs > epochs)

    def name_of(self, epochs: int) -> str:
        return next((rung.name for rung in self.rungs if rung.epochs == epochs), f"{epochs}")


def ladder_of(fidelity: Fidelity) -> Ladder:
    """Return the rungs as given, or a geometric ladder from `min` to `max`."""
    if fidelity.rungs is not None:
        rungs = tuple(Rung(name=name, epochs=epochs) for name, epochs in fidelity.rungs.items())
        return Ladder(rungs, fidelity.resumable)
    assert fidelity.min is not None  # the spec was validated
    assert fidelity.max is not None
    lengths = [fidelity.max]
    while (shorter := round(lengths[-1] / ETA)) >= fidelity.min and shorter >= 1:
        lengths.append(shorter)
    if lengths[-1] > fidelity.min * (1 + ETA) / 2:  # a gap below: start at `min` itself
        lengths.append(fidelity.min)
    return Ladder(tuple(Rung(name=f"r{epochs}", epochs=epochs) for epochs in reversed(lengths)), fidelity.resumable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One run's result, as the optimizer sees it."""

    trial: int
    configuration: Configuration
    epochs: int
    value: float | None
    """The objective as the worker reported it; None when the run failed for a reason of the configuration's own."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """What else was reported there: other objectives, and metrics that have bounds."""
    epoch_seconds: float | None = None
    """How long an epoch took, where that is known."""
    stderr: float = 0.0
    """Standard error of the value, where it is known: that of a mean over folds or repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlight:
    """A run that was started and has no result yet."""

    trial: int
    configuration: Configuration
    from_epochs: int
    to_epochs: int
    progress: Observation | None = None
    """What it last reported on its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A metric to be made as large, or as small, as possible."""

    metric: str
    maximize: bool

    @property
    def sign(self) -> float:
        """By which the metric is multiplied to become a loss."""
        return -1.0 if self.maximize else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What a metric must not pass."""

    metric: str
    limit: float
    is_upper: bool

    @property
    def sign(self) -> float:
        """By which the metric and its limit are multiplied so that less is allowed, and more is not."""
        return 1.0 if self.is_upper else -1.0

    def is_met(self, metrics: Mapping[str, float]) -> bool:
        return self.metric in metrics and self.sign * metrics[self.metric] <= self.sign * self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is searched. It never changes while an experiment lives."""

    parameters: Mapping[str, Parameter]
    ladder: Ladder
    maximize: bool
    seed: int
    constraints: tuple[Constraint, ...] = ()
    guesses: tuple[Configuration, ...] = ()
    """Configurations that the user wants tried first."""
    other_goals: tuple[Goal, ...] = ()
    """Objectives beside the first: what is searched then is the Pareto front."""
    bounds: tuple[Bound, ...] = ()
    """What a configuration must meet at full fidelity to count."""
    is_timed: bool = False
    """Whether the budget is one of time or money, so that slow configurations cost more than fast ones."""

    @property
    def sign(self) -> float:
        """By which the objective is multiplied to become a loss."""
        return -1.0 if self.maximize else 1.0


def goals_of(spec: ExperimentSpec) -> tuple[Goal, ...]:
    """Return all objectives, the first one first."""
    objectives = [spec.objective, *spec.other_objectives]
    return tuple(Goal(metric=each.metric, maximize=each.direction == "maximize") for each in objectives)


def problem_of(spec: ExperimentSpec) -> Problem:
    return Problem(
        parameters=spec.parameters,
        ladder=ladder_of(spec.fidelity),
        maximize=spec.objective.direction == "maximize",
        seed=spec.seed,
        constraints=tuple(spec.constraints),
        guesses=tuple(spec.guesses),
        other_goals=goals_of(spec)[1:],
        bounds=tuple(_bound_of(each) for each in spec.thresholds),
        is_timed=spec.budget.hours is not None or spec.budget.money is not None,
    )


def _bound_of(threshold: Threshold) -> Bound:
    if threshold.at_most is not None:
        return Bound(metric=threshold.metric, limit=threshold.at_most, is_upper=True)
    assert threshold.at_least is not None  # the spec was validated
    return Bound(metric=threshold.metric, limit=threshold.at_least, is_upper=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What happened so far, and what may still be spent. Observations stand in the order in which they came."""

    observations: tuple[Observation, ...] = ()
    in_flight: tuple[InFlight, ...] = ()
    retired: frozenset[int] = frozenset()
    """Trials that must not be promoted: stopped by a verdict, or failed."""
    remaining_cost: float = float("inf")
    """Full trainings that may still be started; what is in flight is already paid."""
    remaining_runs: float = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What to train next: a new configuration (`trial` is None), or the promotion of a paused trial."""

    trial: int | None
    configuration: Configuration
    from_epochs: int
    to_epochs: int
    source: str
    """`sobol` or `model`."""
    acquisition: float | None = None
    """Highest price of a full training at which a run breaks even, in the model's standardized units.

    None where something else decided: a Sobol point, or a rung on which least was spent.
    """
    expected_gain: float | None = None
    """The same price in the objective's own units: what a full training is expected to gain."""
    predicted_mean: float | None = None
    """Objective expected at full fidelity, in the objective's own units."""
    predicted_std: float | None = None
    """Posterior standard deviation at full fidelity, in the model's standardized units."""
