"""The tables. An ended run *is* an observation: no second row could be lost or doubled."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Enum,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from controller.retention import Stored
from podium.access import DEFAULT_PROJECT, Role
from podium.parameters import Configuration
from podium.taxonomy import AttemptState, EndReason, ExperimentState, RunState, TrialState

Json = dict[str, Any]  # Any: a JSON document


def _stored_as_words(states: type[StrEnum]) -> Enum:
    return Enum(states, native_enum=False, length=40, values_callable=lambda members: [m.value for m in members])


class Table(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[Mapping[Any, Any]] = {  # Any: SQLAlchemy takes types and typing's constructs
        str: Text,
        datetime: DateTime(timezone=True),
        Json: JSON,  # not JSONB, which forgets the order of keys: rungs climb and columns stand as the user wrote them
        Configuration: JSON,
        AttemptState: _stored_as_words(AttemptState),
        EndReason: _stored_as_words(EndReason),
        ExperimentState: _stored_as_words(ExperimentState),
        Role: _stored_as_words(Role),
        RunState: _stored_as_words(RunState),
        Stored: _stored_as_words(Stored),
        TrialState: _stored_as_words(TrialState),
    }


class ProjectRow(Table):
    """What experiments belong to, and tokens may be limited to."""

    __tablename__ = "projects"

    name: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ExperimentRow(Table):
    __tablename__ = "experiments"

    id: Mapped[str] = mapped_column(primary_key=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.name"), server_default=DEFAULT_PROJECT)
    name: Mapped[str]
    state: Mapped[ExperimentState]
    message: Mapped[str]
    spec: Mapped[Json]
    """As it stands now: budget and parallelism may change while it runs."""
    idempotency_key: Mapped[str | None]
    request_digest: Mapped[str]
    """Of the spec as first sent: a key that is used again must come with the same one."""
    resumed_at: Mapped[datetime | None]
    """What failed before does not pause it again."""
    slowest_epoch_seconds: Mapped[float | None]
    """Of all epochs measured so far; what is silent for much longer has hung."""
    expected_gain: Mapped[float | None]
    """By one more full training, when the optimizer was last asked; None while it does not say."""
    data: Mapped[Json | None] = mapped_column(JSON(none_as_null=True))
    """Digests of what its first run trained on, to which the others are held."""
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("project", "idempotency_key"),
        Index(None, "created_at", "id"),
        Index(None, "project", "created_at", "id"),
        Index(None, "name"),
    )


class DeletedExperimentRow(Table):
    """An experiment whose checkpoints outlive its rows, for a while."""

    __tablename__ = "deleted_experiments"

    id: Mapped[str] = mapped_column(primary_key=True)
    checkpoints: Mapped[Stored]
    deleted_at: Mapped[datetime]


class TrialRow(Table):
    __tablename__ = "trials"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    experiment_id: Mapped[str] = mapped_column(ForeignKey("experiments.id", ondelete="CASCADE"))
    number: Mapped[int]
    state: Mapped[TrialState]
    is_baseline: Mapped[bool]
    configuration: Mapped[Configuration]
    reached_epoch: Mapped[int]
    value: Mapped[float | None]
    metrics: Mapped[Json | None]
    """All that was reported at the epoch reached."""
    meets_thresholds: Mapped[bool]
    """Whether they keep to the experiment's thresholds; else the trial is not called the best."""
    checkpoints: Mapped[Stored]
    """What became of its checkpoints by the experiment's rule."""
    created_at: Mapped[datetime]

    experiment: Mapped[ExperimentRow] = relationship(lazy="raise")

    __table_args__ = (
        UniqueConstraint("experiment_id", "number"),
        Index("ix_trials_checkpoints", "id", postgresql_where=text("checkpoints IN ('kept', 'removed')")),
        Index("ix_trials_baseline", "experiment_id", postgresql_where=text("is_baseline")),
        Index("ix_trials_completed", "experiment_id", "value", postgresql_where=text("state = 'completed'")),
    )


class RunRow(Table):
    __tablename__ = "runs"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    experiment_id: Mapped[str] = mapped_column(ForeignKey("experiments.id", ondelete="CASCADE"))
    trial_id: Mapped[int] = mapped_column(ForeignKey("trials.id", ondelete="CASCADE"))
    number: Mapped[int]
    rung: Mapped[str]
    is_promotion: Mapped[bool]
    """Whether its trial had a run before."""
    from_epoch: Mapped[int]
    to_epoch: Mapped[int]
    reached_epoch: Mapped[int]
    epoch_cost: Mapped[float] = mapped_column(server_default="1")
    """What one of its epochs costs, as a share of one of a full training."""
    state: Mapped[RunState]
    end_reason: Mapped[EndReason | None]
    value: Mapped[float | None]
    metrics: Mapped[Json | None]
    """All that was reported at the epoch reached."""
    seconds: Mapped[float]
    """That its epochs took, those that were trained twice included."""
    reasons: Mapped[Json]
    is_stop_requested: Mapped[bool]
    """The next measurement is answered with the verdict stop."""
    is_given_up: Mapped[bool] = mapped_column(server_default=false())
    """Who asked for it was the optimizer, not a user."""
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    trial: Mapped[TrialRow] = relationship(lazy="raise")
    attempts: Mapped[list["AttemptRow"]] = relationship(lazy="raise", order_by="AttemptRow.number", viewonly=True)

    __table_args__ = (
        UniqueConstraint("experiment_id", "number"),
        CheckConstraint("from_epoch < to_epoch", name="climbs"),
        CheckConstraint("(state = 'ended') = (end_reason IS NOT NULL)", name="ended_for_a_reason"),
        Index("uq_runs_one_alive_per_trial", "trial_id", unique=True, postgresql_where=text("state = 'running'")),
        Index(None, "trial_id"),
    )


class AttemptRow(Table):
    __tablename__ = "attempts"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    number: Mapped[int]
    job: Mapped[str] = mapped_column(unique=True)
    state: Mapped[AttemptState]
    end_reason: Mapped[EndReason | None]
    exit_code: Mapped[int | None]
    detail: Mapped[str]
    log_tail: Mapped[str]
    last_epoch: Mapped[int | None]
    has_progressed: Mapped[bool]
    """It reported an epoch that no attempt before it had."""
    not_before: Mapped[datetime]
    """A retry waits until then, so that what fails at once does not spin."""
    node: Mapped[str | None]
    waiting: Mapped[str]
    """What its Job waits for, in the cluster's words; empty once it runs."""
    refused_since: Mapped[datetime | None]
    """Since when the cluster will not have its Job."""
    silence_seconds: Mapped[int | None]
    out_of_memory_factor: Mapped[float | None]
    """As its Pod's shape had them: an experiment, a rung and the chart may each say."""
    accelerators: Mapped[float]
    """Devices that its Pod holds: GPUs, MIG slices, of whatever make."""
    price_per_hour: Mapped[float | None]
    """Of its Pod, in whatever currency the experiment counts."""
    price_currency: Mapped[str | None]
    price_source: Mapped[str | None]
    """Who named the price, in words; None also of attempts from before this was kept."""
    image: Mapped[str | None]
    """That its Pod was started with; None on one machine, and of attempts from before this was kept."""
    podium_version: Mapped[str | None]
    """Of the controller that started it."""
    cluster: Mapped[str | None]
    """On which it was started, as that calls itself; None of attempts from before this was kept."""
    environment: Mapped[Json | None] = mapped_column(JSON(none_as_null=True))
    """What its process told of its versions and its hardware."""
    heard_at: Mapped[datetime | None]
    """When its last report came, be it of a part of an epoch."""
    under_way: Mapped[Json | None] = mapped_column(JSON(none_as_null=True))
    """What it last told of an epoch that was not over; void once that epoch is measured."""
    started_at: Mapped[datetime | None]
    """When its process started, as far as the cluster tells."""
    changed_at: Mapped[datetime]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    run: Mapped[RunRow] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        UniqueConstraint("run_id", "number"),
        Index("uq_attempts_one_alive_per_run", "run_id", unique=True, postgresql_where=text("state <> 'ended'")),
        Index("ix_attempts_alive", "state", postgresql_where=text("state <> 'ended'")),
        Index(
            "ix_attempts_charged",
            "run_id",
            postgresql_where=text("accelerators > 0 OR price_per_hour IS NOT NULL"),
        ),
        Index("ix_attempts_ended_at", "ended_at", postgresql_where=text("node IS NOT NULL")),
        Index(
            "ix_attempts_suspicious",
            "ended_at",
            postgresql_where=text(
                "node IS NOT NULL AND NOT has_progressed AND end_reason IN ('bug', 'bad node', 'image or scheduling')"
            ),
        ),
    )


class MeasurementRow(Table):
    __tablename__ = "measurements"

    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempts.id", ondelete="CASCADE"), primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    trial_id: Mapped[int] = mapped_column(ForeignKey("trials.id", ondelete="CASCADE"))
    metrics: Mapped[Json]
    seconds: Mapped[float]
    samples_per_second: Mapped[float | None]
    created_at: Mapped[datetime]

    attempt: Mapped[AttemptRow] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (Index(None, "trial_id", "epoch"),)
