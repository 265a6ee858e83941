"""The domain's values: rungs and what they cost, what was observed, what is in flight, what is suggested next."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from podium.parameters import Configuration, Constraint, Parameter
from podium.spec import ExperimentSpec, Fidelity, Threshold

ETA = 3
"""Ratio between neighbouring rungs laid out from `min` and `max`, as in ASHA (Li et al. 2020, section 3)."""
MOST_LAID_OUT = 4
"""Rungs; a fifth, below a 27th of the full training, doubled the regret (docs/optimizer.md, "What was tried")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    name: str
    epochs: int
    data_share: float = 1.0
    """Of the training images."""
    image_size: int | None = None
    """Pixels along each side, where rungs differ in it."""

    def sees_as_much_as(self, other: "Rung") -> bool:
        return (self.data_share, self.image_size) == (other.data_share, other.image_size)


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rungs of an experiment, the shortest first; the last is a full training.

    With a second fidelity (less data, smaller images) an epoch below costs less than one of the full training, and a
    promotion to more data or larger images starts over: a result stands for one way of training.
    """

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

    @property
    def always_resumes(self) -> bool:
        return self.resumable and all(rung.sees_as_much_as(self.rungs[-1]) for rung in self.rungs)

    def cost(self, from_epochs: int, to_epochs: int) -> float:
        """Return what training from one length to another costs, in full trainings."""
        return (to_epochs - self.start_of(from_epochs, to_epochs)) * self.epoch_cost(to_epochs) / self.full_epochs

    def share_of(self, epochs: int) -> float:
        """Return the fidelity of this length as a share of the full one: what it costs from the start.

        Of two fidelities it is the product (Klein et al. 2017, section 3.1, take the cost along each as known).
        """
        return epochs * self.epoch_cost(epochs) / self.full_epochs

    def epoch_cost(self, epochs: int) -> float:
        """Return what an epoch on the way to this length costs, as a share of one of a full training.

        Less is trained on, and as much is validated on: a fifth of the images at a third of the price.
        """
        rung, full = self.rung_to(epochs), self.rungs[-1]
        of_data = (12 * rung.data_share + 1) / 13  # 0.8 * 3 trained, 0.2 * 1 validated
        if rung.image_size is None or full.image_size is None:
            return of_data
        return float(of_data * (rung.image_size / full.image_size) ** 2)

    def start_of(self, reached_epochs: int, to_epochs: int) -> int:
        """Return where the next run of a trial begins that has reached this far."""
        return reached_epochs if self.resumable and self.sees_the_same(reached_epochs, to_epochs) else 0

    def sees_the_same(self, epochs: int, other_epochs: int) -> bool:
        """Say whether runs to these lengths train on the same images."""
        return self.rung_to(epochs).sees_as_much_as(self.rung_to(other_epochs))

    def rung_to(self, epochs: int) -> Rung:
        """Return the lowest rung that is at least this long; a run stopped on its way counts for what it aimed at."""
        return next((rung for rung in self.rungs if rung.epochs >= epochs), self.rungs[-1])

    def first_resumed_by(self, epochs: int) -> Rung:
        """Return the lowest rung from whose checkpoint a run to this length may go on; its own, if it starts over."""
        return next(rung for rung in self.rungs if rung.epochs >= epochs or self.start_of(rung.epochs, epochs))

    def above(self, epochs: int) -> tuple[Rung, ...]:
        return tuple(rung for rung in self.rungs if rung.epochs > epochs)

    def name_of(self, epochs: int) -> str:
        return next((rung.name for rung in self.rungs if rung.epochs == epochs), f"{epochs}")


def ladder_of(fidelity: Fidelity) -> Ladder:
    """Return the rungs as given, or a geometric ladder that climbs to `max` and begins at `min` or above."""
    if fidelity.rungs is not None:
        sizes = fidelity.image_size or {}
        rungs = tuple(
            Rung(name=name, epochs=epochs, data_share=fidelity.data_share_of(name), image_size=sizes.get(name))
            for name, epochs in fidelity.rungs.items()
        )
        return Ladder(rungs, fidelity.resumable)
    assert fidelity.min is not None  # the spec was validated
    assert fidelity.max is not None
    lengths = [fidelity.max]
    while len(lengths) < MOST_LAID_OUT and (shorter := round(lengths[-1] / ETA)) >= fidelity.min:
        lengths.append(shorter)
    leaves_a_gap = lengths[-1] > fidelity.min * (1 + ETA) / 2
    if leaves_a_gap and len(lengths) < MOST_LAID_OUT:
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
