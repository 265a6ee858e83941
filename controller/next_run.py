"""The next run of an experiment: the optimizer is asked, and its answer is a row before it is a Job."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from controller import lifecycle, runs, store
from controller.database import Sessions, transaction
from controller.ending import is_worth_it, why_over
from controller.experiment import problem_of
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
class NextRun:
    """Starts runs in free slots, one at a time."""

    sessions: Sessions
    clock: Callable[[], datetime]
    meters: Meters
    learn: Learn = field(default_factory=remembering)
    """What was learned from the same rows before is not learned again."""
    _unanswered: dict[str, Question] = field(default_factory=dict, init=False)
    """The last question of an experiment that found nothing to start: the same one is not thought about twice."""

    def start(self, experiment_id: str, free_slots: int) -> str | None:
        """Ask the optimizer and store its answer; return the Job to create, or None when nothing is to be started.

        `free_slots` is what the experiment had before it was asked for.
        """
        with transaction(self.sessions) as session:
            experiment = store.experiment(session, experiment_id)
            seen, runs_seen = experiment.spec, store.count_runs(session, experiment_id)
            question = (seen, runs_seen, free_slots)
            if self._unanswered.get(experiment_id) == question:
                return None
            spec = ExperimentSpec.model_validate(seen)
            history = history_of(session, experiment_id, spec)
        if experiment.state is not ExperimentState.RUNNING or len(history.in_flight) >= spec.parallelism:
            return None
        with self.meters.suggestion_seconds.time():
            found = suggest(problem_of(spec), history, self.learn)  # outside any transaction: it may take a second
        suggestion = found if found is not None and is_worth_it(found, spec.stop_when) else None
        with transaction(self.sessions) as session:
            experiment = store.experiment(session, experiment_id, lock=True)
            now = self.clock()
            if experiment.state is not ExperimentState.RUNNING or experiment.spec != seen:
                return None  # a user changed it meanwhile, and that has woken the next pass
            if store.count_runs(session, experiment_id) != runs_seen:
                return None  # another reconciler was faster; this one is about to learn that it no longer leads
            if suggestion is not None:
                return runs.start(session, experiment, suggestion, now).job
            if history.in_flight:
                self._unanswered[experiment_id] = question
                return None
            lifecycle.complete(session, experiment, why_over(history, found), now)
            self._unanswered.pop(experiment_id, None)
            log.info("experiment completed")
            return None
