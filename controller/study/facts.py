"""What a report is made from: plain values, with nothing computed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from podium.environment import Environment
from podium.parameters import Configuration
from podium.results import Summary
from podium.spec import ExperimentSpec
from podium.study import PriceTold
from podium.taxonomy import EndReason, ExperimentState, TrialState
from podium.wire import DataDigests


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What attempts held, and what that cost."""

    hours: float
    """Of slots."""
    accelerator_hours: float = 0.0
    money: float | None = None
    """None where no price is known."""
    unpriced_hours: float = 0.0


NOTHING_HELD = Held(hours=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    trial: int
    rung: str
    from_epochs: int
    to_epochs: int
    reached_epochs: int
    epoch_cost: float = 1.0
    """Of one of its epochs, as a share of one of a full training."""
    is_promotion: bool = False
    end_reason: EndReason | None
    """None while it is in flight."""
    training_hours: float
    """That its epochs took."""
    held: Held


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialFacts:
    number: int
    state: TrialState
    configuration: Configuration
    value: float | None
    metrics: Mapping[str, float]
    meets_thresholds: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmFacts:
    """What is known of one experiment."""

    id: str
    name: str
    state: ExperimentState
    message: str
    spec: ExperimentSpec
    spec_document: Mapping[str, object]
    """The spec as it is kept: what the user left out stays out."""
    created_at: datetime
    ended_at: datetime | None
    trials: Mapping[TrialState, int]
    """How many are in each state."""
    runs: tuple[RunFacts, ...]
    baseline: TrialFacts | None
    """None where none was asked for."""
    best: TrialFacts | None
    """At full fidelity."""
    nodes: tuple[str, ...] = ()
    prices: tuple[PriceTold, ...] = ()
    """That attempts were counted with."""
    clusters: tuple[str, ...] = ()
    ran_images: tuple[str, ...] = ()
    controller_versions: tuple[str, ...] = ()
    environments: tuple[tuple[Environment | None, int], ...] = ()
    """What attempts were trained with and on, and how many of them; None of those that did not tell."""
    model_versions: tuple[str, ...] = ()
    data: DataDigests | None = None
    """What its first run told of the images; None of a command of one's own that tells nothing."""

    def took(self, now: datetime) -> timedelta:
        """Return how long it went on, or has gone on so far."""
        return max((self.ended_at or now) - self.created_at, timedelta(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class FullResults:
    """What a full training left in the artifact store."""

    summary: Summary
    pictures: Mapping[str, bytes]
    """Contents of thumbnails by their files' names: as many as are shown."""
    test_top1: float | None = None
    """Share of the test part that it gets right, where `podium evaluate` measured that."""


Results = Mapping[tuple[str, int], FullResults | str]
"""By experiment and trial; in place of results, a sentence that says why there are none."""
