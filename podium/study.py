"""The study report: what experiments found and what it took, as `GET /api/v1/reports` tells it.

An experiment is an arm of the study. docs/report.md has the meaning and the formula of every figure here; hours are
those of a slot (a Pod, or a process of one machine), and money is in whatever currency prices are given.
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from podium.contract import Contract
from podium.environment import Environment
from podium.parameters import Configuration
from podium.results import AttributeErrors, Digest, Share
from podium.taxonomy import EndReason, ExperimentState

MOST_ARMS = 20
"""Experiments of one report."""

ReportFormat = Literal["html", "json", "markdown"]
PngUri = Annotated[str, Field(pattern=r"^data:image/png;base64,[A-Za-z0-9+/]+={0,2}$")]


class Outcome(Contract):
    """A model that was trained in full: an arm's baseline, or the best that its search found."""

    trial: int
    value: float
    """The objective."""
    stderr: float | None = None
    """Of the value, where folds or repeats told it."""
    configuration: Configuration
    hours: float
    """It took: the baseline its own training, the best all of its search."""
    money: float | None = None
    points: float | None = None
    """Better than the reference; None without one, and for the reference itself."""
    hours_per_point: float | None = None
    """None where no point was gained."""
    money_per_point: float | None = None


class Gain(Contract):
    """What the search gained over the baseline of its own arm."""

    points: float
    low: float | None = None
    """Of the 95% confidence interval, in points."""
    high: float | None = None
    remark: str
    """What the interval rests on, or why there is none."""
    hours_per_point: float | None = None
    """Of the whole arm; None where no point was gained."""
    money_per_point: float | None = None


class Compute(Contract):
    """What an arm used."""

    runs: int
    in_flight: int
    trials: int
    parallelism: int
    """As it stands now: runs that may go on at once."""
    hours: float
    """For which its runs held slots, all of them summed."""
    training_hours: float
    """That epochs took, of these."""
    accelerator_hours: float
    wall_clock_hours: float
    """From its creation to its end, or to now: pauses and waits included."""
    speed_up: float | None = None
    """How many times as long the same runs had taken one at a time."""
    money: float | None = None
    """None where no price is known."""
    unpriced_hours: float = 0.0
    """Without a price, where there is money: it is more than what is told."""
    hours_per_full_training: float | None = None


class RungUse(Contract):
    """What the runs to one rung were and took."""

    rung: str
    epochs: int
    runs: int
    in_flight: int
    promotions: int
    """Runs of trials that had a run before, at a lower rung."""
    ended: dict[EndReason, int]
    cost: float
    """In full trainings: what was trained."""
    hours: float
    money: float | None = None


class Savings(Contract):
    """What low rungs and resuming saved of the ended runs' training. Costs are in full trainings."""

    spent: float
    """What was trained."""
    from_scratch: float
    """Had each of the runs been trained from its start."""
    in_full: float
    """Had each configuration been trained in full, once."""
    by_low_rungs: float
    """Share of `in_full` that `from_scratch` saves. Negative where so many were promoted that it cost more."""
    by_resuming: float
    """Share of `from_scratch` that is saved by going on from checkpoints."""
    in_all: float
    """Share of `in_full` that was not spent."""


class ConfusedPair(Contract):
    """A label that was taken for another, by the baseline and by the best."""

    label: str
    predicted: str
    baseline: int | None = None
    """Images; None where the baseline's results are not known."""
    best: int | None = None
    mistaken: list[str] | None = None
    """Attributes of the label that this error mistakes; None where they are not known."""


class Picture(Contract):
    """A misclassified image."""

    png: PngUri
    name: str
    label: str
    predicted: str
    confidence: Share


class Errors(Contract):
    """How one full training fared on the images held out."""

    trial: int
    images: int
    top1: Share
    top5: Share | None = None
    test_top1: Share | None = None
    """On the test part, which no search touches; None where `podium evaluate` did not measure it."""
    macro_f1: Share
    calibration_error: Share
    attribute_errors: AttributeErrors | None = None
    pictures: list[Picture]
    """Of the commonest pairs first, then the most confident ones."""


class Mistakes(Contract):
    """What the baseline and the best still get wrong."""

    baseline: Errors | None = None
    best: Errors | None = None
    pairs: list[ConfusedPair]
    """The commonest of either."""
    remarks: list[str]
    """What is missing, and why."""


class EnvironmentUse(Contract):
    """What attempts were trained with and on."""

    environment: Environment
    attempts: int


class Provenance(Contract):
    """How an arm was run, so that it can be run again."""

    spec_yaml: str
    """As `podium run` takes it. The values of environment variables are left out: they may be secret."""
    seed: int
    data_digest: Digest | None = None
    """None where no results tell it."""
    split_digest: Digest | None = None
    images: dict[str, str | None]
    """Container image by rung as the spec names it; None where it leaves that to the installation."""
    ran_images: list[str] = Field(default_factory=list)
    """Container images that attempts were started with; none on one machine, nor where none was recorded."""
    controller_versions: list[str] = Field(default_factory=list)
    """Of Podium, of the controllers that started its attempts; none where none was recorded."""
    environments: list[EnvironmentUse] = Field(default_factory=list)
    """As attempts told them, the commonest first."""
    untold_attempts: int = 0
    """That reported, and told of none: older workers do not."""
    clusters: list[str] = Field(default_factory=list)
    """On which its attempts were started: `one machine`, `Kubernetes v1.31.2`; none where none was recorded."""
    nodes: list[str]
    """On which its attempts ran, as far as the cluster told."""
    model_versions: list[str]
    """Of the optimizer that chose what to train."""


class PriceTold(Contract):
    """A price that attempts of an arm were counted with."""

    per_hour: float
    """Of a slot."""
    currency: str | None = None
    """None where nobody named one."""
    source: str
    """Who named the price."""


class Arm(Contract):
    """One experiment."""

    experiment: str
    name: str
    state: ExperimentState
    status: str
    """One sentence: where it stands."""
    created_at: AwareDatetime
    ended_at: AwareDatetime | None
    baseline: Outcome | None = None
    best: Outcome | None = None
    gain: Gain | None = None
    compute: Compute
    rungs: list[RungUse]
    savings: Savings | None = None
    """None while no run has ended."""
    mistakes: Mistakes
    provenance: Provenance
    prices: list[PriceTold] = Field(default_factory=list)
    remarks: list[str]
    """What is missing or needs care, and why."""


class Reference(Contract):
    """What points are counted from."""

    experiment: str
    outcome: Literal["baseline", "best"]
    value: float


class StudyReport(Contract):
    version: Literal[1] = 1
    made_at: AwareDatetime
    podium_version: str
    """Of the controller that made the report."""
    metric: str
    """The objective of all arms."""
    direction: Literal["maximize", "minimize"]
    point: float
    """What a point is, in the objective's units: 0.01 of a share, 1 of anything else."""
    reference: Reference | None = None
    arms: list[Arm]
    remarks: list[str]
    """What the arms cannot be compared in, and why."""
