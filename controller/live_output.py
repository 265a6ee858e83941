"""What running Jobs print, read while somebody watches: beside the reconciler, which never waits for it.

Who asks the API watches, the API tells the leader by NOTIFY, and what the leader reads is the attempt's `log_tail`
until its final one takes that place. A Job whose output cannot be read shows nothing new, and that is all.
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import structlog

from controller import attempts, onlookers
from controller.alone import alone
from controller.beside import Chore
from controller.cluster import Cluster, ClusterAway
from controller.database import Sessions, transaction
from controller.errors import DatabaseAway

REST_SECONDS = 0.1
"""Between two looks at what is due: watches come in showers."""
LONGEST_PAUSE_SECONDS = 1.0
AFTER_FAULT_SECONDS = 5.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOutput:
    """The watches of a process, and the threads that read for them. Its methods may be called from any thread."""

    sessions: Sessions
    cluster: Cluster
    clock: Callable[[], datetime]
    wake: Callable[[], None]
    """Calls for a look."""
    wake_reconciler: Callable[[], None] = lambda: None
    """Calls for a pass, once a Job that it is to delete has said its last words."""
    readers: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(max_workers=onlookers.AT_ONCE, thread_name_prefix="output")
    )
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _watches: dict[str, onlookers.Watch] = field(default_factory=dict, init=False)
    _reading: dict[str, Future[str]] = field(default_factory=dict, init=False)

    def chore(self, is_leading: Callable[[], bool]) -> Chore:
        """Return the looks as a chore beside the reconciler."""
        return Chore(
            name="live output",
            look=self.look,
            is_leading=is_leading,
            longest_pause_seconds=LONGEST_PAUSE_SECONDS,
            after_fault_seconds=AFTER_FAULT_SECONDS,
        )

    def watch(self, job: str) -> None:
        """Note that somebody watches a Job's output."""
        with self._lock:
            self._become(onlookers.watched(self._watches, job, self.clock()))
        self.wake()

    def may_go(self, job: str) -> bool:
        """Say whether a Job may be deleted. One that is watched may once its output was read after this first asked."""
        now = self.clock()
        with self._lock:
            self._become(onlookers.leaving(onlookers.remaining(self._watches, now), job, now))
            may_go = onlookers.may_go(self._watches.get(job), now)
            if may_go:
                self._become(onlookers.without(self._watches, job))
        if not may_go:
            self.wake()
        return may_go

    def look(self) -> float:
        """Show what was read, and begin to read what is due, which is not waited for. Return the seconds to rest."""
        self._show(self._take())
        now = self.clock()
        with self._lock:
            self._become(onlookers.remaining(self._watches, now))
            jobs = onlookers.due(self._watches, self._reading.keys(), now)
            self._become(onlookers.begun(self._watches, jobs, now))
            is_overdue = onlookers.is_any_overdue(self._watches, now)
        if is_overdue:
            self.wake_reconciler()
        for job in jobs:
            self._reading[job] = self.readers.submit(self.cluster.log_tail, job)
        for job in jobs:
            self._reading[job].add_done_callback(lambda _: self.wake())
        return REST_SECONDS

    def close(self) -> None:
        """Begin nothing more. What is being read is not waited for."""
        self.readers.shutdown(wait=False, cancel_futures=True)

    def _take(self) -> Mapping[str, str]:
        """Return what has been read by now; nothing of what could not be."""
        done = {job: self._reading.pop(job) for job, future in list(self._reading.items()) if future.done()}
        return {job: _words_of(job, future) for job, future in done.items()}

    def _show(self, tails: Mapping[str, str]) -> None:
        if not tails:
            return
        for job, tail in tails.items():
            if tail:
                alone(partial(self._keep, job, tail), job=job)
        with self._lock:
            self._become(onlookers.shown(self._watches, tails))
            are_leaving = [job for job in tails if job in self._watches and self._watches[job].leaving_at]
        if are_leaving:
            self.wake_reconciler()

    def _keep(self, job: str, tail: str) -> None:
        with transaction(self.sessions) as session:  # one each: who locks several has an order of his own
            attempts.show_output(session, job, tail)

    def _become(self, watches: dict[str, onlookers.Watch]) -> None:
        object.__setattr__(self, "_watches", watches)  # frozen, but for this


def _words_of(job: str, future: Future[str]) -> str:
    try:
        return future.result()
    except (ClusterAway, DatabaseAway) as error:
        log.info("a Job's output is not had; reading it again", job=job, error=str(error))
    except Exception:
        log.exception("a Job's output is not had; reading it again", job=job)
    return ""
