"""The next run of an experiment: the optimizer is asked, and its answer is a row before it is a Job."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from controller import lifecycle, runs, store
from controller.database import Sessions, transaction
from controller.ending import is_worth_it, why_over
from controller.experiment import History, InFlight, Suggestion, ladder_of, problem_of
from controller.history import history_of
from controller.meters import Meters
from controller.optimizer.learning import Learn, remembering
from controller.optimizer.suggest import suggest
from podium.spec import ExperimentSpec
from podium.taxonomy import ExperimentState

log = structlog.get_logger()
Question = tuple[object, int, int]
"""Spec, newest run and free slots: whatever else the optimizer sees changes only together with one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An experiment as it was when it was last looked at, and what was started since."""

    document: object
    """The spec as it is stored: a user may change it."""
    spec: ExperimentSpec
    runs: int
    history: History

    def after(self, suggestion: Suggestion, trial: int) -> "Seen":
        """Return the experiment with one more run in flight."""
        run = InFlight(
            trial=trial,
            configuration=suggestion.configuration,
            from_epochs=suggestion.from_epochs,
            to_epochs=suggestion.to_epochs,
        )
        cost = ladder_of(self.spec.fidelity).cost(run.from_epochs, run.to_epochs)
        history = replace(
            self.history,
            in_flight=(*self.history.in_flight, run),
            remaining_cost=self.history.remaining_cost - cost,
            remaining_runs=self.history.remaining_runs - 1,
        )
        return replace(self, runs=self.runs + 1, history=history)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    job: str
    """To be created."""
    seen: Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class NextRun:
    """Starts runs in free slots, one at a time."""

    sessions: Sessions
    clock: Callable[[], datetime]
    meters: Meters
    learn: Learn = field(default_factory=remembering)
    """What was learned from the same rows before is not learned again."""
    _unanswered: dict[str, Question] = field(default_factory=dict, init=False)
    """The last question of an experiment that found nothing to start: the same one is not thought about twice."""

    def start(self, experiment_id: str, free_slots: int, seen: Seen | None = None) -> Started | None:
        """Ask the optimizer and store its answer; return None when nothing is to be started.

        `free_slots` is what the experiment had before it was asked for. With `seen`, from the start before in the same
        pass, the experiment is not read again: results that came meanwhile are for the next pass.
        """
        if seen is None and (seen := self._look(experiment_id, free_slots)) is None:
            return None
        history = seen.history
        if len(history.in_flight) >= seen.spec.parallelism:
            return None
        with self.meters.suggestion_seconds.time():
            found = suggest(problem_of(seen.spec), history, self.learn)  # in no transaction: it may take a second
        suggestion = found if found is not None and is_worth_it(found, seen.spec.stop_when) else None
        with transaction(self.sessions) as session:
            experiment = store.experiment(session, experiment_id, lock=True)
            now = self.clock()
            if experiment.state is not ExperimentState.RUNNING or experiment.spec != seen.document:
                return None  # a user changed it meanwhile, and that has woken the next pass
            if store.count_runs(session, experiment_id) != seen.runs:
                return None  # another reconciler was faster; this one is about to learn that it no longer leads
            if suggestion is not None:
                attempt = runs.start(session, experiment, suggestion, now)
                return Started(job=attempt.job, seen=seen.after(suggestion, attempt.run.trial.number))
            if history.in_flight:
                self._unanswered[experiment_id] = (seen.document, seen.runs, free_slots)
                return None
            lifecycle.complete(session, experiment, why_over(history, found), now)
            self._unanswered.pop(experiment_id, None)
            log.info("experiment completed")
            return None

    def _look(self, experiment_id: str, free_slots: int) -> Seen | None:
        """Return a running experiment; None when it is not to be asked about."""
        with transaction(self.sessions) as session:
            experiment = store.experiment(session, experiment_id)
            document, count = experiment.spec, store.count_runs(session, experiment_id)
            if experiment.state is not ExperimentState.RUNNING:
                return None
            if self._unanswered.get(experiment_id) == (document, count, free_slots):
                return None
            spec = ExperimentSpec.model_validate(document)
            return Seen(document=document, spec=spec, runs=count, history=history_of(session, experiment_id, spec))
