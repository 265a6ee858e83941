"""The loop that drives Jobs towards what the database says, and asks the optimizer when slots are free.

Observe (Jobs, then rows), plan (pure), act (idempotent verbs). It may be killed at any instruction and started again.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy.orm import Session

from controller import lifecycle, runs, store
from controller.cluster import Cluster
from controller.database import Sessions, transaction
from controller.errors import DatabaseAway, Superseded
from controller.experiment import History, problem_of
from controller.history import history_of
from controller.jobs import job_request
from controller.optimizer import suggest
from controller.plan import Action, CloseAttempt, CreateJob, DeleteJob, EndAttempt, MarkRunning, plan
from controller.tokens import TokenSigner
from podium.spec import ExperimentSpec
from podium.taxonomy import ExperimentState

STANDBY_SECONDS = 1.0
AFTER_FAULT_SECONDS = 1.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """One pass after the other over everything that Podium runs."""

    sessions: Sessions
    cluster: Cluster
    signer: TokenSigner
    worker_url: str
    clock: Callable[[], datetime]
    resync_seconds: float = 30.0

    def reconcile(self) -> float:
        """Make one pass: observe, plan, act, then fill free slots. Return the seconds until the next is due.

        Raises DatabaseAway; what was done until then is kept, and the next pass goes on from there.
        """
        jobs = self.cluster.jobs()  # before the rows: a Job that is over has all its reports in them
        with transaction(self.sessions) as session:
            attempts = store.live_attempts(session)
            running = [row.id for row in store.running_experiments(session)]
        now = self.clock()
        steps = [_alone(partial(self._act, action), job=action.job) for action in plan(attempts, jobs, now)]
        started = [_alone(partial(self._fill, each), experiment=each) for each in running]
        if any(steps) or any(started):
            return 0.0
        due = [attempt.not_before for attempt in attempts if attempt.not_before > now]
        return min([self.resync_seconds, *((moment - now).total_seconds() for moment in due)])

    def _act(self, action: Action) -> bool:
        """Do one thing, and say whether the next pass will see something new because of it."""
        match action:
            case CreateJob(job):
                return self._create(job)
            case DeleteJob(job):
                self.cluster.delete_job(job)
                return False  # the cluster wakes us when it is gone
            case MarkRunning(job):
                self._change(lambda session, now: runs.mark_running(session, job, now))
            case CloseAttempt(job):
                self._change(lambda session, now: runs.close(session, job, now))
            case EndAttempt(job):
                log_tail = self.cluster.log_tail(job)
                self._change(lambda session, now: runs.end_attempt(session, action, log_tail, now))
                log.info("attempt ended", job=job, reason=action.reason, exit_code=action.exit_code)
        return True

    def _change(self, verb: Callable[[Session, datetime], None]) -> None:
        try:
            with transaction(self.sessions) as session:
                verb(session, self.clock())
        except Superseded as error:  # its experiment was deleted meanwhile: the Job is an orphan for the next pass
            log.info("nothing to note", reason=error.detail)

    def _create(self, job: str) -> bool:
        try:
            with transaction(self.sessions) as session:
                spec = ExperimentSpec.model_validate(store.lock_attempt(session, job).run.trial.experiment.spec)
        except Superseded:
            return False
        token = self.signer.sign(job, self.clock())
        try:
            self.cluster.create_job(job_request(job, spec, url=self.worker_url, token=token))
        except OSError as error:
            log.error("a Job could not be created; trying again at the next pass", job=job, error=str(error))
            return False
        self._change(lambda session, now: runs.mark_running(session, job, now))
        return True

    def _fill(self, experiment_id: str) -> bool:
        """Start runs until no slot is free or nothing is worth starting. Say whether any was."""
        has_started = False
        while (job := self._next_run(experiment_id)) is not None:
            self._create(job)
            has_started = True
        return has_started

    def _next_run(self, experiment_id: str) -> str | None:
        """Ask the optimizer and store its answer; return the Job to create."""
        with transaction(self.sessions) as session:
            experiment = store.experiment(session, experiment_id)
            seen = experiment.spec
            spec = ExperimentSpec.model_validate(seen)
            history = history_of(session, experiment_id, spec)
            runs_seen = store.count_runs(session, experiment_id)
        if experiment.state is not ExperimentState.RUNNING or len(history.in_flight) >= spec.parallelism:
            return None
        suggestion = suggest(problem_of(spec), history)  # outside any transaction: it may take a second
        with transaction(self.sessions) as session:
            experiment = store.experiment(session, experiment_id, lock=True)
            now = self.clock()
            if experiment.state is not ExperimentState.RUNNING or experiment.spec != seen:
                return None  # a user changed it meanwhile, and that has woken the next pass
            if store.count_runs(session, experiment_id) != runs_seen:
                return None  # another reconciler was faster; this one is about to learn that it no longer leads
            if suggestion is not None:
                return runs.start(session, experiment, suggestion, now).job
            if not history.in_flight:
                lifecycle.complete(session, experiment, _why_complete(history), now)
                log.info("experiment completed", experiment=experiment_id)
            return None


def _alone(step: Callable[[], bool], **about: str) -> bool:
    """Take one step of a pass. A fault in it is logged and keeps no other step from being taken."""
    try:
        return step()
    except DatabaseAway:
        raise
    except Exception:
        log.exception("this step failed; the next pass tries it again", **about)
        return False


def _why_complete(history: History) -> str:
    if history.remaining_cost >= 1 and history.remaining_runs >= 1:
        return "completed: every configuration has been tried"
    return "completed: what is left of the budget pays for no further run"


def run_forever(
    reconcile: Callable[[], float], is_leading: Callable[[], bool], wake: threading.Event, stopping: threading.Event
) -> None:
    """Make passes until `stopping`: whenever woken, and when the last pass said that the next is due."""
    due_seconds = 0.0
    while not stopping.is_set():
        wake.wait(due_seconds)
        wake.clear()
        if stopping.is_set():
            return
        if not is_leading():
            due_seconds = STANDBY_SECONDS
            continue
        try:
            due_seconds = reconcile()
        except DatabaseAway as error:
            log.warning("pass given up; trying again", error=error.detail, seconds=AFTER_FAULT_SECONDS)
            due_seconds = AFTER_FAULT_SECONDS
        except Exception:  # the loop outlives any fault of one pass
            log.exception("pass failed; trying again", seconds=AFTER_FAULT_SECONDS)
            due_seconds = AFTER_FAULT_SECONDS
