"""Records of experiments that never ran: what rows would say of a search whose truth is known."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from controller.experiment import History, InFlight, Ladder, Observation, goals_of, ladder_of
from controller.figures.record import AttemptSeen, Curve, Record, RunSeen, TrialSeen
from controller.figures.shown import runs_with_curves
from controller.space import Space
from podium.faults import parse_spec
from podium.parameters import Configuration
from podium.spec import ExperimentSpec
from podium.taxonomy import AttemptState, EndReason, ExperimentState, RunState, TrialState
from tests.builders import spec_document

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FOREVER = START + timedelta(days=365)
Truth = Callable[[Configuration, float], dict[str, float]]
"""Metrics of a configuration at a share of the full training."""
Fate = Callable[[int], str]
"""Of a trial, by its number: the name of the highest rung that it is trained to, `fails` or `runs`."""

EVERYTHING: dict[str, Any] = {
    "objective": {"metric": "accuracy", "direction": "maximize"},
    "other_objectives": [{"metric": "seconds", "direction": "minimize"}],
    "parameters": {
        "learning_rate": {"type": "real", "low": 1e-4, "high": 1.0, "scale": "log"},
        "layers": {"type": "integer", "low": 1, "high": 8},
        "optimizer": {"type": "categorical", "choices": ["sgd", "adam", "lion"]},
        "momentum": {"type": "real", "low": 0.0, "high": 0.99, "when": {"optimizer": ["sgd"]}},
    },
    "fidelity": {
        "rungs": {"small": 2, "medium": 6, "full": 18},
        "data_share": {"small": 0.25},
    },
    "thresholds": [{"metric": "seconds", "at_most": 90.0}],
    "baseline": {"learning_rate": 0.1, "layers": 2, "optimizer": "sgd", "momentum": 0.9},
}
"""Two objectives, a condition, all kinds of parameters, two fidelities, a threshold and a baseline."""


def truth(configuration: Configuration, share: float) -> dict[str, float]:
    """Return an accuracy that the learning rate decides, much more than the layers, and a time that the layers do."""
    rate = np.log10(float(configuration["learning_rate"]))
    layers = float(configuration.get("layers", 1))
    momentum = 0.02 * float(configuration.get("momentum", 0.0))
    accuracy = 0.9 - 0.06 * (rate + 2) ** 2 + 0.01 * layers / 8 + momentum - 0.2 * (1 - share)
    return {"accuracy": float(accuracy), "seconds": 10.0 * layers, "val_accuracy": float(accuracy)}


def ladder_climb(number: int) -> str:
    """Send each sixth trial to the top, each third to the middle, and let one in twelve fail."""
    if number % 12 == 5:
        return "fails"
    return "full" if number % 6 in (0, 1) else "medium" if number % 3 == 0 else "small"


def record_of(
    count: int,
    *,
    fate: Fate = ladder_climb,
    truth: Truth = truth,
    state: ExperimentState = ExperimentState.RUNNING,
    **changes: Any,
) -> Record:
    """Return a record of so many trials, one after another on the slots of a spec; each ninth run is preempted once."""
    spec = parse_spec(spec_document(**changes))
    return _Story(spec, fate, truth).record(count, state)


class _Story:
    def __init__(self, spec: ExperimentSpec, fate: Fate, truth: Truth) -> None:
        self.spec, self.ladder = spec, ladder_of(spec.fidelity)
        self.fate, self.truth = fate, truth
        self.free = [START] * spec.parallelism
        self.trials: list[TrialSeen] = []
        self.runs: list[RunSeen] = []
        self.attempts: list[AttemptSeen] = []
        self.observations: list[Observation] = []
        self.in_flight: list[InFlight] = []

    def record(self, count: int, state: ExperimentState) -> Record:
        space = Space(self.spec.parameters, self.spec.constraints)
        points = space.decode(space.sobol(max(count, 1), np.random.default_rng(3)))
        if self.spec.baseline is not None:
            points = [dict(self.spec.baseline), *points]
        for number, configuration in enumerate(points[:count], start=1):
            self._trial(number, configuration)
        curves = tuple(self._curve(run) for run in runs_with_curves(self.trials, self.runs, goals_of(self.spec)[0]))
        return Record(
            id="tiny-aaaa",
            spec=self.spec,
            state=state,
            created_at=START,
            now=max([run.ended_at or run.created_at for run in self.runs], default=START) + MINUTE,
            trials=tuple(self.trials),
            runs=tuple(self.runs),
            attempts=tuple(self.attempts),
            curves=curves,
            history=History(
                observations=tuple(self.observations),
                in_flight=tuple(self.in_flight),
                retired=frozenset(trial.number for trial in self.trials if trial.state is TrialState.FAILED),
                remaining_cost=50.0,
            ),
        )

    def _trial(self, number: int, configuration: Configuration) -> None:
        is_baseline = number == 1 and self.spec.baseline is not None
        fate = "full" if is_baseline else self.fate(number)
        lengths = _climb(self.ladder, fate)
        for from_epoch, to_epoch in lengths[-1:] if is_baseline else lengths:
            self._run(number, configuration, 0 if is_baseline else from_epoch, to_epoch, fate)
        is_full = fate == self.ladder.rungs[-1].name
        states = {"fails": TrialState.FAILED, "runs": TrialState.RUNNING}
        reached = 0 if fate in states else self.runs[-1].reached_epoch
        metrics = self.truth(configuration, reached / self.ladder.full_epochs) if reached else None
        self.trials.append(
            TrialSeen(
                number=number,
                state=states.get(fate, TrialState.COMPLETED if is_full else TrialState.PAUSED),
                is_baseline=is_baseline,
                configuration=configuration,
                reached_epoch=reached,
                value=None if metrics is None else metrics[self.spec.objective.metric],
                metrics=metrics,
                meets_thresholds=all(each.is_met(metrics or {}) for each in self.spec.thresholds),
            )
        )

    def _run(self, trial: int, configuration: Configuration, from_epoch: int, to_epoch: int, fate: str) -> None:
        slot = min(range(len(self.free)), key=self.free.__getitem__)
        begin, number, metric = self.free[slot], len(self.runs) + 1, self.spec.objective.metric
        start_epoch = self.ladder.start_of(from_epoch, to_epoch)
        is_running, fails = fate == "runs", fate == "fails"
        reached = start_epoch if is_running or fails else to_epoch
        metrics = None if is_running or fails else self.truth(configuration, to_epoch / self.ladder.full_epochs)
        ending = None if is_running else EndReason.INFEASIBLE if fails else EndReason.SUCCEEDED
        end = self._attempts(number, begin, (to_epoch - start_epoch) * MINUTE, ending)
        self.free[slot] = FOREVER if is_running else end
        self.runs.append(
            RunSeen(
                number=number,
                trial=trial,
                rung=self.ladder.name_of(to_epoch),
                from_epoch=start_epoch,
                to_epoch=to_epoch,
                reached_epoch=reached,
                epoch_cost=self.ladder.epoch_cost(to_epoch),
                state=RunState.RUNNING if is_running else RunState.ENDED,
                end_reason=ending,
                value=None if metrics is None else metrics[metric],
                seconds=60.0 * (reached - start_epoch),
                created_at=begin,
                ended_at=None if is_running else end,
            )
        )
        if is_running:
            self.in_flight.append(
                InFlight(trial=trial, configuration=configuration, from_epochs=start_epoch, to_epochs=to_epoch)
            )
            return
        self.observations.append(
            Observation(
                trial=trial,
                configuration=configuration,
                epochs=to_epoch,
                value=None if metrics is None else metrics[metric],
                metrics=metrics or {},
                epoch_seconds=60.0,
            )
        )

    def _attempts(self, run: int, begin: datetime, takes: timedelta, ending: EndReason | None) -> datetime:
        """Add a run's attempts: each waits half a minute, and a preempted one leaves a pause of two. Return its end."""
        preempted: list[EndReason | None] = [EndReason.PREEMPTED] if run % 9 == 0 else []
        for number, reason in enumerate([*preempted, ending], start=1):
            due = begin if number == 1 else begin + 2 * MINUTE
            end = due + 0.5 * MINUTE + (takes / 2 if reason is EndReason.PREEMPTED else takes)
            is_over = reason is not None
            self.attempts.append(
                AttemptSeen(
                    run=run,
                    number=number,
                    state=AttemptState.ENDED if is_over else AttemptState.RUNNING,
                    end_reason=reason,
                    node=f"node-{run % 3}",
                    waiting="",
                    not_before=due,
                    created_at=begin,
                    started_at=due + 0.5 * MINUTE,
                    heard_at=end,
                    ended_at=end if is_over else None,
                )
            )
            begin = end
        return begin

    def _curve(self, run: RunSeen) -> Curve:
        epochs = np.arange(run.from_epoch + 1, run.reached_epoch + 1, dtype=float)
        configuration = self.trials[run.trial - 1].configuration
        shares = epochs / self.ladder.full_epochs
        values = [self.truth(configuration, float(share))[self.spec.objective.metric] for share in shares]
        return Curve(run.number, epochs, np.array(values))


def _climb(ladder: Ladder, fate: str) -> list[tuple[int, int]]:
    lengths = [0, *(rung.epochs for rung in ladder.rungs)]
    names = [rung.name for rung in ladder.rungs]
    top = names.index(fate) if fate in names else 0
    return [(lengths[place], lengths[place + 1]) for place in range(top + 1)]
