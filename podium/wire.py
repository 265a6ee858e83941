"""Every request and response of `/api/v1`, as both sides read and write them."""

from typing import Annotated, Generic, TypeVar

from pydantic import AwareDatetime, Field

from podium.access import DEFAULT_PROJECT
from podium.contract import Contract
from podium.environment import Environment
from podium.fault import Fault
from podium.number import JsonNumber
from podium.parameters import Configuration
from podium.results import Digest
from podium.spec import ExperimentSpec, Limits
from podium.taxonomy import AttemptState, EndReason, ExperimentState, RunState, TrialState, Verdict
from podium.trainer import Training

MAX_BODY_BYTES = 1024 * 1024
LONGEST_EPOCH_SECONDS = 366 * 86_400.0
"""No epoch takes longer than a year: what claims to was measured in another unit."""
API_PREFIX = "/api/v1"
URL_VARIABLE = "PODIUM_URL"
TOKEN_VARIABLE = "PODIUM_TOKEN"
RUN_TOKEN_VARIABLE = "PODIUM_RUN_TOKEN"
RUN_TOKEN_FILE_VARIABLE = "PODIUM_RUN_TOKEN_FILE"
"""Names a file that holds the token, where it must not stand in the environment."""

PROGRESS_SECONDS = 60.0
"""How often a worker tells how far it is within an epoch, unless `trial.progressSeconds` says otherwise."""

STANDARD_ERROR = "_stderr"
"""A metric with the objective's name and this behind it is its standard error, over folds or repeats."""

Item = TypeVar("Item")
FiniteMetric = Annotated[float, JsonNumber, Field(allow_inf_nan=False)]
ReportedName = Annotated[str, Field(min_length=1, max_length=100)]
ReportedEpoch = Annotated[int, Field(ge=1, le=99_999, strict=True)]
SamplesPerSecond = Annotated[float, JsonNumber, Field(ge=0, allow_inf_nan=False)]


class Problem(Contract):
    """The body of every error answer."""

    error: Annotated[str, Field(examples=["ExperimentNotFound"])]
    detail: str
    faults: list[Fault] = Field(default_factory=list)


class Page(Contract, Generic[Item]):
    """A part of a list. `next_cursor` leads to the rest, and is None at the end."""

    items: list[Item]
    next_cursor: str | None = None


class Progress(Contract):
    cost_spent: float
    """Full trainings: runs that ended by how far they came, runs in flight by how far they will go."""
    cost_trained: float = 0.0
    """Full trainings: all runs by how far they came."""
    runs_started: int
    runs_in_flight: int
    runs_ended: int
    promotions: int
    """Runs of trials that had a run before, at a lower rung."""
    trials: dict[TrialState, int]
    best_value: float | None
    """Objective of the best trial at full fidelity."""
    best_trial: int | None
    baseline_value: float | None
    accelerator_hours: float = 0.0
    """Held by the Pods of its attempts, those that run now included."""
    money: float | None = None
    """What those Pods cost, in the currency of `pricePerHour`; None where no price is given."""
    currency: str | None = None
    """Of that money; None where nobody named one, or prices of several were counted."""
    training_hours: float = 0.0
    """That the epochs of its runs took."""
    expected_gain: float | None = None
    """By one more full training, in the objective's units; None while the optimizer does not say."""


class DataDigests(Contract):
    """Which images a run trains on, and which of them are held out; every run of an experiment must have the same."""

    images: Digest
    """Of names, labels and sizes, or of all pixels: every copy of the data has the same."""
    held_out: Digest
    """Of the positions of the images that all trials are compared on."""


class Experiment(Contract):
    id: str
    name: str
    project: str = DEFAULT_PROJECT
    state: ExperimentState
    message: str
    """One sentence: what it is doing, or why it does not."""
    spec: ExperimentSpec
    progress: Progress
    data: DataDigests | None = None
    """As its first run told them; None before, and where a script tells none."""
    created_at: AwareDatetime
    ended_at: AwareDatetime | None


class ExperimentChange(Contract):
    """What may change while an experiment lives. What is left out stays."""

    budget: Limits | None = None
    parallelism: Annotated[int, Field(ge=1, le=1000, strict=True)] | None = None


class Reasons(Contract):
    """Why the optimizer asked for a run."""

    source: Annotated[str, Field(examples=["baseline", "guess", "sobol", "model"])]
    acquisition: float | None = None
    """Highest price of a full training at which a run breaks even, standardized; none where something else decided."""
    expected_gain: float | None = None
    """What one more full training is expected to gain, in the objective's own units."""
    predicted_mean: float | None = None
    """Objective expected at full fidelity, in the objective's own units."""
    predicted_std: float | None = None
    """Spread of that prediction, in the model's standardized units."""
    model_version: str = ""


class UnderWay(Contract):
    """How far an epoch has come that is not over. It is shown, and is no result: the optimizer never sees it."""

    epoch: ReportedEpoch
    share: Annotated[float, JsonNumber, Field(ge=0, le=1, allow_inf_nan=False)]
    """Of the epoch's training."""
    metrics: Annotated[dict[ReportedName, FiniteMetric], Field(max_length=100)] = Field(default_factory=dict)
    """As they stand over that share."""
    samples_per_second: SamplesPerSecond | None = None


class Attempt(Contract):
    number: int
    job: str
    state: AttemptState
    end_reason: EndReason | None
    exit_code: int | None
    detail: str
    """One sentence: why it ended and what follows."""
    waiting: str = ""
    """What its Job waits for, in the cluster's own words; empty once it runs."""
    node: str | None = None
    accelerators: float = 0.0
    """Devices that its Pod holds."""
    environment: Environment | None = None
    """What it is trained with and on; None until its process tells."""
    log_tail: str
    """The last lines that it printed: since its end the final ones, before it those that somebody had read."""
    last_epoch: int | None
    under_way: UnderWay | None = None
    """What it last told of the epoch that it is within; None between epochs, and once it has ended."""
    created_at: AwareDatetime
    started_at: AwareDatetime | None = None
    """When its process started, as far as the cluster tells."""
    ended_at: AwareDatetime | None


class Run(Contract):
    number: int
    trial: int
    rung: str
    from_epoch: int
    to_epoch: int
    reached_epoch: int
    is_promotion: bool
    state: RunState
    end_reason: EndReason | None
    value: float | None
    reasons: Reasons
    attempts: list[Attempt]
    explanation: str = ""
    """One sentence: why it ended or where it stands, what its attempts went through, and what follows."""
    created_at: AwareDatetime
    ended_at: AwareDatetime | None


class Measurement(Contract):
    epoch: int
    metrics: dict[str, float]
    seconds: float
    samples_per_second: float | None
    attempt: str
    """The Job that measured it."""
    created_at: AwareDatetime


class Trial(Contract):
    number: int
    state: TrialState
    is_baseline: bool
    configuration: Configuration
    reached_epoch: int
    value: float | None
    """Objective at `reached_epoch`."""
    metrics: dict[str, float] | None = None
    """All that was reported there."""
    meets_thresholds: bool = True
    """Whether that keeps to the experiment's thresholds."""
    created_at: AwareDatetime


class Front(Contract):
    """The trials that none beats in every objective, the best by the first objective first."""

    trials: list[Trial]


class FigureTitle(Contract):
    name: Annotated[str, Field(examples=["history"])]
    title: str
    """What it shows, in words."""


class Figures(Contract):
    """The figures that an experiment has, in the order in which they are best read."""

    figures: list[FigureTitle]


class TrialDetail(Trial):
    explanation: str = ""
    """Its last run's, and what that means for the trial."""
    runs: list[Run]
    measurements: list[Measurement]


class RunAssignment(Contract):
    """What a worker is to do: continue one trial's training to `to_epoch`."""

    experiment: str
    trial: int
    run: int
    attempt: int
    configuration: Configuration
    training: Training | None
    from_epoch: int
    """Where the trial stands, or 0 when it starts over; the lineage's checkpoint may be further."""
    to_epoch: int
    full_epochs: int
    reported_epoch: int
    """The last epoch that the controller has a measurement of, over all attempts of the run, or `from_epoch`."""
    objective: str
    seed: int
    """Fixes the split and, with the trial's number, all randomness of its training."""
    checkpoints: Annotated[str, Field(examples=["file:///var/lib/podium/artifacts/digits-k3f9/t12"])]
    """fsspec URL of the folder of this trial's lineage, or of the part of it that goes on from one checkpoint."""
    data_share: float | None = None
    """Of the training images that this run sees; None for all. A smaller share is part of every larger one."""
    image_size: int | None = None
    """Pixels along each side, in place of the training section's; None where that holds."""
    results: str | None = None
    """fsspec URL of the folder for the results of a full training in detail; None where this run is none."""
    shared: str | None = None
    """fsspec URL of the folder for what is computed once for all trials of the experiment."""
    progress_seconds: float | None = None
    """How often to tell how far it is within an epoch; None for PROGRESS_SECONDS."""


class MeasurementReport(Contract):
    """One epoch's results. Sending it again changes nothing."""

    epoch: ReportedEpoch
    metrics: Annotated[dict[ReportedName, FiniteMetric], Field(min_length=1, max_length=100)]
    seconds: Annotated[float, JsonNumber, Field(ge=0, le=LONGEST_EPOCH_SECONDS, allow_inf_nan=False)]
    """Wall-clock seconds of this epoch."""
    samples_per_second: SamplesPerSecond | None = None


class MeasurementAnswer(Contract):
    """What follows an epoch's results, or a part of an epoch."""

    verdict: Verdict


class Health(Contract):
    status: str
