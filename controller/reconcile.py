"""The pass that drives Jobs towards what the database says, and asks the optimizer when slots are free.

Observe (Jobs, then rows), plan (pure), act (idempotent verbs). It may be killed at any instruction and started again.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog
from prometheus_client import CollectorRegistry
from sqlalchemy.orm import Session

from controller import attempts, runs, store
from controller.actions import (
    Action,
    CloseAttempt,
    CreateJob,
    DeleteJob,
    EndAttempt,
    MarkRunning,
    NoteSight,
    TakeBack,
)
from controller.alive import live_attempts
from controller.alone import alone
from controller.cluster import Cluster, JobRefused
from controller.database import Sessions, transaction
from controller.errors import Superseded
from controller.events import Ending, event_of
from controller.giving_up import GivingUp
from controller.jobs import Door, JobRequest, Placement, job_request, shape_of
from controller.leases.taking import take_back
from controller.logs import owners
from controller.meters import Meters, meters_of
from controller.next_run import NextRun, Seen
from controller.node_record import node_endings
from controller.nodes import MEMORY, bad_nodes
from controller.patience import deadline_seconds
from controller.plan import Grace, LiveAttempt, Moment, SeenJob, due_at, plan
from controller.pricing import price_of
from controller.tables import AttemptRow
from controller.thinking import Mind
from controller.tokens import TokenSigner
from podium.pod import PodShape
from podium.prices import NO_PRICES, PriceList
from podium.spec import ExperimentSpec
from podium.taxonomy import AttemptState, EndReason

ELSEWHERE = "trained elsewhere, by who asked for it"
CREATORS = 16
"""Jobs that are created at once; the cluster bounds how many a second."""
ERRANDS = 16
"""Logs that are read and Jobs that are deleted at once."""
FILL = timedelta(seconds=1)
"""How long a pass starts runs before it looks at the Jobs again; each experiment with room has one turn at least."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What the reconciler was told at its start."""

    worker_url: str
    defaults: PodShape = PodShape()
    """How Pods look where an experiment does not say."""
    prices: PriceList = NO_PRICES
    grace: Grace = Grace()
    resync_seconds: float = 30.0
    creation_seconds: float = 5.0
    """A pass waits no longer for the Jobs that it creates: those that end meanwhile are not to wait with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """One pass after the other over everything that Podium runs."""

    sessions: Sessions
    cluster: Cluster
    signer: TokenSigner
    orders: Orders
    clock: Callable[[], datetime]
    mind: Mind
    meters: Meters = field(default_factory=lambda: meters_of(CollectorRegistry()))
    wake: Callable[[], None] = lambda: None
    """Calls for a pass, when creating a Job took long and met a cluster or a database that is away."""
    may_go: Callable[[str], bool] = lambda job: True
    """Says whether a Job may be deleted now; where it may not yet, a pass is called for once it may."""
    creators: Executor = field(
        default_factory=lambda: ThreadPoolExecutor(max_workers=CREATORS, thread_name_prefix="create")
    )
    _errands: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(max_workers=ERRANDS, thread_name_prefix="errand"), init=False
    )
    _creating: dict[str, Future[None]] = field(default_factory=dict, init=False)
    """Jobs that are being created, or were since the last pass: none is begun twice."""
    _tails: dict[str, Future[str]] = field(default_factory=dict, init=False)
    """Last words that are being read, of Jobs that are about to be ended."""
    _told: set[str] = field(default_factory=set, init=False)
    """Jobs whose end people were told of. Forgotten with the process: then they may be told once more."""
    _next_run: NextRun = field(init=False)
    _giving_up: GivingUp = field(init=False)

    def __post_init__(self) -> None:
        sessions, clock = self.sessions, self.clock
        next_run = NextRun(sessions=sessions, clock=clock, think=self.mind.think, meters=self.meters)
        object.__setattr__(self, "_next_run", next_run)  # frozen, but for these
        object.__setattr__(self, "_giving_up", GivingUp(sessions=sessions, clock=clock, judge=self.mind.judge))

    def reconcile(self) -> float:
        """Make one pass: observe, plan, act, then fill free slots. Return the seconds until the next is due.

        Raises DatabaseAway and ClusterAway; what was done until then is kept, and the next pass goes on from there.
        """
        creating = self._collect()  # first: what is being created is neither lost nor an orphan, whatever is read below
        seen = self.cluster.jobs()  # before the rows: a Job that is over has all its reports in them
        jobs = {name: job for name, job in seen.items() if name not in creating}
        with transaction(self.sessions) as session:
            alive = [attempt for attempt in live_attempts(session) if attempt.job not in creating]
            room = store.free_slots(session)
        now = self.clock()
        actions = plan(alive, jobs, Moment(now=now, grace=self.orders.grace))
        self._read_last_words([action.job for action in actions if isinstance(action, EndAttempt)])
        alone(partial(self._note, [action for action in actions if isinstance(action, NoteSight)]))
        steps = [alone(partial(self._act, action), job=action.job) for action in actions]
        unwanted = [action.job for action in actions if isinstance(action, DeleteJob)]
        deleting = [self._errands.submit(alone, partial(self._delete, job), job=job) for job in unwanted]
        is_filled = self._fill(room)
        self._close([action.job for action in actions if isinstance(action, CloseAttempt)])
        self._tell_results(alive, jobs)
        wait(self._creating.values(), timeout=self.orders.creation_seconds)
        self._collect()
        is_more_due = is_filled and alone(self._giving_up.look)
        for errand in deleting:
            errand.result()
        if any(steps) or not is_filled or is_more_due:
            return 0.0
        due = [due_at(attempt, jobs.get(attempt.job), self.orders.grace) for attempt in alive]
        later = [(moment - now).total_seconds() for moment in due if moment is not None and moment > now]
        return min([self.orders.resync_seconds, *later])

    def _act(self, action: Action) -> bool:
        """Do one thing, and say whether the next pass will see something new because of it at once.

        What becomes of a Job that is created or deleted the cluster will say, and wake us.
        """
        match action:
            case CreateJob(job) | MarkRunning(job):  # creating it again leaves a Job alone and adds what is missing
                self._begin(job)
                return False
            case NoteSight() | CloseAttempt() | DeleteJob():
                return False  # all at once, before the others and after them
            case TakeBack(job):
                self._change(lambda session, now: take_back(session, job))
            case EndAttempt():
                self._end(action)
        return True

    def _read_last_words(self, jobs: Sequence[str]) -> None:
        """Have the logs of Jobs read side by side: a node that does not answer costs seconds for each."""
        self._tails.clear()
        self._tails.update((job, self._errands.submit(self.cluster.log_tail, job)) for job in jobs)

    def _end(self, ending: EndAttempt) -> None:
        log_tail = self._tails.pop(ending.job).result()
        self._change(lambda session, now: attempts.end_attempt(session, ending, log_tail, now))
        self._tell([ending.job])
        log.info("attempt ended", reason=ending.reason, exit_code=ending.exit_code, detail=ending.detail)

    def _delete(self, job: str) -> None:
        if self.may_go(job):
            self.cluster.delete_job(job)

    def _note(self, sights: Sequence[NoteSight]) -> None:
        if sights:
            self._change(lambda session, now: attempts.note_sights(session, sights))

    def _close(self, jobs: Sequence[str]) -> None:
        if jobs:
            self._change(lambda session, now: attempts.close(session, jobs, now))
        for job in jobs:
            log.info("attempt ended", job=job, **owners(job), reason="its result is in and its Job is gone")

    def _tell_results(self, alive: Sequence[LiveAttempt], jobs: Mapping[str, SeenJob]) -> None:
        """Tell once of each attempt whose result is in, while its Job is there to tell it beside."""
        self._told.intersection_update(jobs)
        reported = [attempt.job for attempt in alive if attempt.state is AttemptState.REPORTED]
        self._tell([job for job in reported if job in jobs and job not in self._told])

    def _tell(self, jobs: Sequence[str]) -> None:
        if not jobs:
            return
        with transaction(self.sessions) as session:
            endings = attempts.endings_of(session, jobs)
        for job, ending in endings.items():
            alone(partial(self._tell_ending, job, ending), job=job)

    def _tell_ending(self, job: str, ending: Ending) -> None:
        self.cluster.tell(job, event_of(ending))
        self._told.add(job)

    def _change(self, verb: Callable[[Session, datetime], None]) -> None:
        try:
            with transaction(self.sessions) as session:
                verb(session, self.clock())
        except Superseded as error:  # its experiment was deleted meanwhile: the Job is an orphan for the next pass
            log.info("nothing to note", reason=error.detail)

    def _begin(self, job: str) -> None:
        """Have a Job created beside the pass, which waits for it at its end, and not for ever."""
        if job not in self._creating:
            self._creating[job] = self.creators.submit(alone, partial(self._create, job), job=job)
            self._creating[job].add_done_callback(lambda created: self.wake() if created.exception() else None)

    def _collect(self) -> Set[str]:
        """Return the Jobs that are still being created. Raises what creating the others raised."""
        done = {job: self._creating.pop(job) for job, future in list(self._creating.items()) if future.done()}
        for future in done.values():
            future.result()
        return set(self._creating)

    def _create(self, job: str) -> None:
        """Create an attempt's Job and note it. The Job comes first: killed in between, the next pass finds it."""
        try:
            with transaction(self.sessions) as session:
                attempt = store.lock_attempt(session, job)
                if attempt.state is not AttemptState.PENDING:
                    return  # it was created meanwhile, or is over
                request = self._request(session, attempt)
                spec = ExperimentSpec.model_validate(attempt.run.trial.experiment.spec)
                price = price_of(spec, request.pod, self.orders.prices)
        except Superseded:
            return
        try:
            self.cluster.create_job(request)
        except OSError as error:
            log.error("a Job could not be created; trying again at the next pass", error=str(error))
            return
        except JobRefused as error:
            grace = self.orders.grace.node if error.may_pass else self.orders.grace.image
            words = str(error)
            self._change(lambda session, now: attempts.refused(session, job, words, grace=grace, now=now))
            return  # until its next try, there is nothing to do about it
        where = ELSEWHERE if request.is_external else self.cluster.name()
        self._change(
            lambda session, now: attempts.mark_running(session, job, request.pod, now, price=price, cluster=where)
        )
        log.info("Job created")

    def _request(self, session: Session, attempt: AttemptRow) -> JobRequest:
        run, experiment, now = attempt.run, attempt.run.trial.experiment, self.clock()
        spec = ExperimentSpec.model_validate(experiment.spec)
        before = store.attempts_of_trial(session, run.trial_id)
        starved = sum(one.end_reason is EndReason.OUT_OF_MEMORY for one in before)
        shape = shape_of(spec, run.rung, self.orders.defaults)
        factor = shape.outOfMemoryFactor or 1.0
        failed_on = {
            one.node for one in before if one.run_id == run.id and one.end_reason is EndReason.BUG and one.node
        }
        waits = self.orders.grace.node + self.orders.grace.image
        placement = Placement(
            avoided_nodes=tuple(sorted(bad_nodes(node_endings(session, now - MEMORY)))),
            disliked_nodes=tuple(sorted(failed_on)),
            memory_factor=factor**starved,
            deadline_seconds=deadline_seconds(
                run.to_epoch - run.reached_epoch,
                experiment.slowest_epoch_seconds,
                waits_seconds=waits.total_seconds(),
            ),
        )
        door = Door(url=self.orders.worker_url, token=self.signer.sign(attempt.job, now))
        return job_request(runs.key_of(run, attempt.number), spec, shape, door=door, placement=placement)

    def _fill(self, room: Mapping[str, int]) -> bool:
        """Start runs, one of each experiment in turn, until nothing is to start: True. Or until time is up: False."""
        until, waiting, turn = self.clock() + FILL, list(room), 0
        seen: dict[str, Seen] = {}
        while waiting and (turn == 0 or self.clock() < until):
            served = []
            for each in waiting:
                start = partial(self._start, each, room[each] - turn, seen)
                if alone(start, experiment=each):
                    served.append(each)
            turn += 1
            waiting = [each for each in served if room[each] > turn]
        return not waiting

    def _start(self, experiment_id: str, free_slots: int, seen: dict[str, Seen]) -> bool:
        job = self._next_run.start(experiment_id, free_slots, seen)
        if job is not None:
            self._begin(job)
        return job is not None
