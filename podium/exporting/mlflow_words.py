"""What MLflow is told of an experiment and of its trials: parameters, metrics by step, tags and states, in its words.

Pure, and the same for the same trial: a digest of it says whether there is anything to tell again.
"""

import hashlib
import json
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, assert_never

from podium.exporting.record import TrialRecord
from podium.exporting.series import measured, point_of
from podium.parameters import Value
from podium.taxonomy import ExperimentState, TrialState
from podium.wire import Experiment

Status = Literal["RUNNING", "FINISHED", "FAILED", "KILLED"]
EXPERIMENT_TAG = "podium.experiment"
TRIAL_TAG = "podium.trial"
DIGEST_TAG = "podium.digest"
"""Written last: a run that has it was told everything that it covers."""
VANISHING_TAGS = {"podium.end_reason", "podium.best_trial"}
"""What a run may have been told and is not any more: of a trial that runs again, or was the best."""
PARENT_TAG = "mlflow.parentRunId"
STRANGE = re.compile(r"[^A-Za-z0-9_\-. /]")
MOST_OF_A_VALUE = 6000
"""Characters of a parameter's value, and of a tag's at least."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Metric:
    key: str
    step: int
    timestamp: int
    """Milliseconds since 1970."""
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """All that one of MLflow's runs is told."""

    name: str
    status: Status
    start_time: int
    end_time: int | None
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Sequence[Metric] = ()

    @property
    def digest(self) -> str:
        parts: list[object] = [self.name, self.status, self.end_time, dict(self.params), dict(self.tags)]
        parts.append([(each.key, each.step, each.timestamp, each.value) for each in self.metrics])
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def told_of_experiment(experiment: Experiment, newest: datetime | None) -> Told:
    """Return the parent run. Its metrics have the number of ended runs as their step, and the newest news' time."""
    spec, progress = experiment.spec, experiment.progress
    now = newest or experiment.created_at
    values = {"podium/cost_spent": progress.cost_spent, "podium/best_value": progress.best_value}
    if progress.baseline_value is not None:
        values["podium/baseline_value"] = progress.baseline_value
    return Told(
        name=experiment.name,
        status=_status_of_experiment(experiment.state),
        start_time=milliseconds(experiment.created_at),
        end_time=None if experiment.ended_at is None else milliseconds(experiment.ended_at),
        params={"objective": spec.objective.metric, "direction": spec.objective.direction, "seed": str(spec.seed)},
        tags={
            EXPERIMENT_TAG: experiment.id,
            "podium.state": experiment.state.value,
            "podium.message": experiment.message[:MOST_OF_A_VALUE],
        }
        | ({} if progress.best_trial is None else {"podium.best_trial": str(progress.best_trial)}),
        metrics=[
            Metric(key=key, step=progress.runs_ended, timestamp=milliseconds(now), value=value)
            for key, value in values.items()
            if value is not None
        ],
    )


def told_of_trial(experiment_id: str, record: TrialRecord) -> Told:
    """Return a child run: every epoch that was measured, those that were measured twice included."""
    trial, runs = record.trial, record.runs
    last = runs[-1] if runs else None
    ended_at = last.ended_at if last else None
    tags = {
        EXPERIMENT_TAG: experiment_id,
        TRIAL_TAG: str(trial.number),
        "podium.state": trial.state.value,
        "podium.is_baseline": str(trial.is_baseline).lower(),
        "podium.reached_epoch": str(trial.reached_epoch),
        "podium.meets_thresholds": str(trial.meets_thresholds).lower(),
    }
    if last is not None:
        tags |= {"podium.rung": last.rung, "podium.source": runs[0].source}
        if last.end_reason is not None:
            tags["podium.end_reason"] = last.end_reason.value
    return Told(
        name=f"{experiment_id} trial {trial.number}{' (baseline)' if trial.is_baseline else ''}",
        status=_status_of_trial(trial.state),
        start_time=milliseconds(trial.created_at),
        end_time=None if ended_at is None else milliseconds(ended_at),
        params={key: text_of(value) for key, value in keyed(trial.configuration).items()},
        tags=tags,
        metrics=sorted(set(_metrics(record))),
    )


def keyed(named: Mapping[str, Value]) -> dict[str, Value]:
    """Return values by keys that MLflow takes. Where two names would become one key, a digest tells them apart."""
    keys: dict[str, Value] = {}
    for name, value in named.items():
        keys[_key(name)] = value
    return keys


def text_of(value: Value) -> str:
    """Return a value as JSON has it, text without its quotes: 1e-05, true, adamw."""
    return (value if isinstance(value, str) else json.dumps(value))[:MOST_OF_A_VALUE]


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _metrics(record: TrialRecord) -> Iterable[Metric]:
    for told in measured(record):
        point = point_of(told)
        at = milliseconds(told.created_at)
        for name, value in {**told.metrics, "podium/seconds": point.seconds}.items():
            yield Metric(key=_key(name), step=told.epoch, timestamp=at, value=value)
    cost = 0.0
    for run in record.runs:
        cost += run.cost
        if run.ended_at is not None:
            at = milliseconds(run.ended_at)
            yield Metric(key="podium/cost", step=run.reached_epoch, timestamp=at, value=cost)
            if run.value is not None:
                yield Metric(key="podium/value", step=run.reached_epoch, timestamp=at, value=run.value)


def _key(name: str) -> str:
    plain = STRANGE.sub("_", name).strip("/")
    is_path = ".." not in plain and not plain.startswith(".") and posixpath.normpath(plain) == plain  # MLflow's rule
    if plain == name and is_path:
        return name
    return f"{plain.replace('.', '_').replace('//', '_')}_{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def _status_of_experiment(state: ExperimentState) -> Status:
    match state:
        case ExperimentState.RUNNING | ExperimentState.PAUSED:
            return "RUNNING"
        case ExperimentState.STOPPED:
            return "KILLED"
        case ExperimentState.COMPLETED:
            return "FINISHED"
        case _ as unknown:
            assert_never(unknown)


def _status_of_trial(state: TrialState) -> Status:
    match state:
        case TrialState.RUNNING:
            return "RUNNING"
        case TrialState.PAUSED | TrialState.COMPLETED:  # it has a result, and nothing of it runs
            return "FINISHED"
        case TrialState.STOPPED:
            return "KILLED"
        case TrialState.FAILED:
            return "FAILED"
        case _ as unknown:
            assert_never(unknown)
