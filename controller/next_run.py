"""The next run of an experiment: the optimizer is asked, and its answer is a row before it is a Job."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from controller import lifecycle, runs, store
from controller.database import Sessions, transaction
from controller.ending import is_worth_it, why_over
from controller.experiment import InFlight, Suggestion, ladder_of, problem_of
from controller.history import Past, past_of
from controller.meters import Meters
from controller.thinking import Think
from podium.spec import ExperimentSpec
from podium.taxonomy import ExperimentState

log = structlog.get_logger()
Question = tuple[object, int, int]
"""Spec, newest run and free slots: whatever else the optimizer sees changes only together with one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An experiment as it was read, and carried on by what was started in it since."""

    document: object
    """Its spec as stored."""
    newest: store.Newest
    past: Past

    def and_then(self, suggestion: Suggestion) -> "Seen":
        """Return what is seen once the suggestion is started: a new trial gets the next number."""
        newest = store.Newest(self.newest.trial + (suggestion.trial is None), self.newest.run + 1)
        start = ladder_of(self.past.spec.fidelity).start_of(suggestion.from_epochs, suggestion.to_epochs)
        started = InFlight(
            trial=suggestion.trial or newest.trial,
            configuration=suggestion.configuration,
            from_epochs=start,
            to_epochs=suggestion.to_epochs,
        )
        return replace(self, newest=newest, past=self.past.and_then(started))


@dataclass(frozen=True, slots=True, kw_only=True)
class NextRun:
    """Starts runs in free slots, one at a time."""

    sessions: Sessions
    clock: Callable[[], datetime]
    meters: Meters
    think: Think
    _unanswered: dict[str, Question] = field(default_factory=dict, init=False)
    """The last question of an experiment that found nothing to start: the same one is not thought about twice."""

    def start(self, experiment_id: str, free_slots: int, seen: dict[str, Seen]) -> str | None:
        """Ask the optimizer and store its answer; return the Job to create, or None when nothing is to be started.

        `free_slots` is what the experiment had before it was asked for. `seen` spares slots that are filled at one time
        from reading the same history again; what a user or another reconciler changed meanwhile is found all the same.
        """
        known = seen.pop(experiment_id, None) or self._look(experiment_id, free_slots)
        if known is None:
            return None
        past, history = known.past, known.past.history
        if len(history.in_flight) >= past.spec.parallelism:
            return None
        with self.meters.suggestion_seconds.time():  # outside any transaction: it may take a second
            found = self.think(problem_of(past.spec), history)
        suggestion = found if found is not None and is_worth_it(found, past.spec.stop_when) else None
        with transaction(self.sessions) as session:
            experiment = store.experiment(session, experiment_id, lock=True)
            now = self.clock()
            if experiment.state is not ExperimentState.RUNNING or experiment.spec != known.document:
                return None  # a user changed it meanwhile, and that has woken the next pass
            if store.newest(session, experiment_id) != known.newest:
                return None  # another reconciler was faster; this one is about to learn that it no longer leads
            if found is not None and found.expected_gain is not None:
                experiment.expected_gain = found.expected_gain
            if suggestion is None and history.in_flight:
                self._unanswered[experiment_id] = (known.document, known.newest.run, free_slots)
                return None
            if suggestion is None:
                lifecycle.complete(session, experiment, why_over(history, found), now)
                self._unanswered.pop(experiment_id, None)
                log.info("experiment completed")
                return None
            started = runs.start(session, experiment, suggestion, known.newest, now)
        seen[experiment_id] = known.and_then(suggestion)
        return started.job

    def _look(self, experiment_id: str, free_slots: int) -> Seen | None:
        """Read what the optimizer is to know, unless there is nothing to ask it."""
        with transaction(self.sessions) as session:
            experiment = store.experiment(session, experiment_id)
            document, newest = experiment.spec, store.newest(session, experiment_id)
            if self._unanswered.get(experiment_id) == (document, newest.run, free_slots):
                return None
            if experiment.state is not ExperimentState.RUNNING:
                return None
            past = past_of(session, experiment_id, ExperimentSpec.model_validate(document), self.clock())
        return Seen(document=document, newest=newest, past=past)
