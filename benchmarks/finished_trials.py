"""Experiments that have been searching for hours, as rows: what the verbs would have left, written in bulk.

A third of the trials went on to the middle rung and a tenth to full fidelity, each rung as a run of one attempt that
reported every epoch; one trial in twenty diverged at once. The ends lie minutes to hours back, on all of the nodes.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
from sqlalchemy import insert
from sqlalchemy.orm import Session

from controller import lifecycle
from controller.api.collaborators import random_suffixes
from controller.experiment import Ladder, ladder_of
from controller.jobs import AttemptKey
from controller.retention import Stored
from controller.runs import MODEL_VERSION
from controller.space import Space
from controller.tables import AttemptRow, MeasurementRow, RunRow, TrialRow
from podium.parameters import Configuration
from podium.spec import ExperimentSpec
from podium.taxonomy import AttemptState, EndReason, RunState, TrialState
from podium.wire import Reasons

Row = dict[str, Any]  # Any: whatever a column holds

MEDIUM_SHARE, FULL_SHARE, DIVERGED_SHARE = 1 / 3, 1 / 10, 1 / 20
BATCH = 5000


def spec_of(name: str, *, parallelism: int, seed: int) -> ExperimentSpec:
    """Return the search of the original study, with a budget that no benchmark can spend."""
    return ExperimentSpec.model_validate(
        {
            "name": name,
            "objective": {"metric": "val_accuracy", "direction": "maximize"},
            "parameters": {
                "learning_rate": {"type": "real", "low": 1e-4, "high": 1.0, "scale": "log"},
                "lr_decay": {"type": "real", "low": 0.05, "high": 0.99},
                "lr_patience": {"type": "integer", "low": 0, "high": 20},
                "batch_size": {"type": "integer", "low": 16, "high": 256, "scale": "log", "base": 2},
                "nesterov": {"type": "categorical", "choices": [True, False]},
                "weight_decay": {"type": "real", "low": 1.2e-5, "high": 1.0, "scale": "log"},
                "momentum": {"type": "real", "low": 0.001, "high": 0.9},
            },
            "fidelity": {"rungs": {"small": 3, "medium": 15, "full": 30}},
            "budget": {"cost": 1e6},
            "parallelism": parallelism,
            "seed": seed,
            "trial": {
                "command": ["python", "train.py"],
                "image": "registry.local/train:1",
                "resources": {"requests": {"cpu": "4", "memory": "16Gi"}, "limits": {"memory": "16Gi"}},
            },
        }
    )


def add_experiment(session: Session, spec: ExperimentSpec, finished: int, now: datetime) -> str:
    """Store an experiment with so many finished trials; return its id."""
    row, _ = lifecycle.create(session, spec, suffixes=random_suffixes(), key=None, now=now - timedelta(hours=12))
    story = _Story(experiment=row.id, spec=spec, draw=random.Random(spec.seed), now=now)
    trials = [story.trial(number) for number in range(1, finished + 1)]
    for ids in _stored(session, TrialRow, [trial.row for trial in trials]):
        trials[ids.place].learn_id(ids.id)
    runs = sorted((run for trial in trials for run in trial.runs), key=lambda run: str(run.row["created_at"]))
    for number, run in enumerate(runs, start=1):
        run.row["number"] = number
    for ids in _stored(session, RunRow, [run.row for run in runs]):
        runs[ids.place].learn_id(ids.id)
    for ids in _stored(session, AttemptRow, [run.attempt for run in runs]):
        runs[ids.place].learn_attempt_id(ids.id)
    reports = [report for run in runs for report in run.measurements]
    for start in range(0, len(reports), BATCH):
        session.execute(insert(MeasurementRow), reports[start : start + BATCH])
    row.slowest_epoch_seconds = 60.0 if reports else None
    return row.id


@dataclass(slots=True, kw_only=True)
class _Run:
    row: Row
    attempt: Row
    measurements: list[Row]

    def learn_id(self, run_id: int) -> None:
        self.attempt["run_id"] = run_id

    def learn_attempt_id(self, attempt_id: int) -> None:
        for report in self.measurements:
            report["attempt_id"] = attempt_id


@dataclass(slots=True, kw_only=True)
class _Trial:
    row: Row
    runs: list[_Run]

    def learn_id(self, trial_id: int) -> None:
        for run in self.runs:
            run.row["trial_id"] = trial_id
            for report in run.measurements:
                report["trial_id"] = trial_id


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    place: int
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Story:
    """How the trials of an experiment went."""

    experiment: str
    spec: ExperimentSpec
    draw: random.Random
    now: datetime

    @property
    def ladder(self) -> Ladder:
        return ladder_of(self.spec.fidelity)

    def trial(self, number: int) -> _Trial:
        configuration = self._configuration()
        ended_at = self.now - timedelta(minutes=self.draw.uniform(1, 240))
        fate = self.draw.random()
        has_diverged = fate > 1 - DIVERGED_SHARE
        count = 3 if fate < FULL_SHARE else 2 if fate < MEDIUM_SHARE else 1
        lengths = [0, *[rung.epochs for rung in self.ladder.rungs][: 1 if has_diverged else count]]
        spans = list(pairwise(lengths))
        began = [ended_at - timedelta(minutes=22 * left) for left in range(len(spans), 0, -1)]
        runs = [
            self._run(number, span, configuration, start, has_diverged=has_diverged)
            for span, start in zip(spans, began, strict=True)
        ]
        last = runs[-1].row
        match has_diverged, lengths[-1] == self.ladder.full_epochs:
            case True, _:
                state = TrialState.FAILED
            case False, True:
                state = TrialState.COMPLETED
            case _:
                state = TrialState.PAUSED
        row = {
            "experiment_id": self.experiment,
            "number": number,
            "state": state,
            "is_baseline": False,
            "configuration": configuration,
            "reached_epoch": last["reached_epoch"],
            "value": last["value"],
            "checkpoints": Stored.KEPT if state is TrialState.PAUSED else Stored.REMOVED,
            "created_at": began[0],
        }
        return _Trial(row=row, runs=runs)

    def _configuration(self) -> Configuration:
        space = Space(self.spec.parameters)
        return space.decode(np.array([[self.draw.random() for _ in space.names]]))[0]

    def _run(
        self, trial: int, span: tuple[int, int], configuration: Configuration, start: datetime, *, has_diverged: bool
    ) -> _Run:
        (from_epoch, to_epoch), end = span, start + timedelta(minutes=20)
        epochs = [] if has_diverged else list(range(from_epoch + 1, to_epoch + 1))
        reports = [
            self._report(epoch, configuration, end - timedelta(seconds=60 * (to_epoch - epoch))) for epoch in epochs
        ]
        reason = EndReason.INFEASIBLE if has_diverged else EndReason.SUCCEEDED
        detail = "the configuration cannot be trained; no retry, the optimizer avoids its like"
        rung = self.ladder.name_of(to_epoch)
        row = {
            "experiment_id": self.experiment,
            "rung": rung,
            "from_epoch": from_epoch,
            "to_epoch": to_epoch,
            "reached_epoch": from_epoch if has_diverged else to_epoch,
            "state": RunState.ENDED,
            "end_reason": reason,
            "value": None if has_diverged else reports[-1]["metrics"][self.spec.objective.metric],
            "reasons": Reasons(
                source="model", acquisition=0.1, predicted_mean=0.8, predicted_std=0.1, model_version=MODEL_VERSION
            ).model_dump(mode="json"),
            "is_stop_requested": False,
            "created_at": start,
            "ended_at": end,
        }
        attempt = {
            "number": 1,
            "job": AttemptKey(experiment=self.experiment, trial=trial, epochs=to_epoch, attempt=1).job,
            "state": AttemptState.ENDED,
            "end_reason": reason,
            "exit_code": 65 if has_diverged else None,
            "detail": detail if has_diverged else "reached its target",
            "log_tail": "loss is NaN\n" if has_diverged else "",
            "last_epoch": None if has_diverged else to_epoch,
            "has_progressed": not has_diverged,
            "not_before": start,
            "node": f"node-{self.draw.randrange(50)}",
            "waiting": "",
            "accelerators": 0.0,
            "price_per_hour": None,
            "heard_at": None if has_diverged else end,
            "started_at": start + timedelta(seconds=20),
            "changed_at": end,
            "created_at": start,
            "ended_at": end,
        }
        return _Run(row=row, attempt=attempt, measurements=reports)

    def _report(self, epoch: int, configuration: Configuration, now: datetime) -> Row:
        value = accuracy(configuration, epoch / self.ladder.full_epochs) + self.draw.gauss(0, 0.005)
        return {
            "epoch": epoch,
            "metrics": {self.spec.objective.metric: value, "train_loss": 1.0 - value, "learning_rate": 0.01},
            "seconds": 60.0,
            "samples_per_second": 216.0,
            "created_at": now,
        }


def accuracy(configuration: Mapping[str, Any], share: float) -> float:
    """Return a smooth function of the parameters that a short training shows with a bias."""
    learning_rate, weight_decay = np.log10(configuration["learning_rate"]), np.log10(configuration["weight_decay"])
    away = ((learning_rate + 2) / 4) ** 2 + ((weight_decay + 3.5) / 5) ** 2 + (configuration["momentum"] - 0.8) ** 2 / 2
    away += 0.05 * (not configuration["nesterov"]) + 0.02 * abs(np.log2(configuration["batch_size"]) - 6)
    return float(0.9 - away - 0.25 * (1 - share) ** 2)


def _stored(session: Session, table: type[TrialRow | RunRow | AttemptRow], rows: list[Row]) -> Iterator[_Stored]:
    for start in range(0, len(rows), BATCH):
        query = insert(table).returning(table.id, sort_by_parameter_order=True)
        ids = session.scalars(query, rows[start : start + BATCH]).all()
        yield from (_Stored(place=start + place, id=found) for place, found in enumerate(ids))
