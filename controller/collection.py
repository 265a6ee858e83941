"""The removal of checkpoints that nobody will need, beside the reconciler and in its own time: object stores are slow.

The database is the queue: what is not marked is looked at again, by the next sweep or by the next controller. Folders
are removed first and marked after, so that it may be killed at any instruction.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

import structlog

from controller import artifacts, leftovers
from controller.beside import Chore
from controller.cluster import Cluster
from controller.database import Sessions, transaction
from controller.jobs import key_of_job
from controller.leftovers import Leftover
from controller.meters import Meters
from controller.retention import Fate, Stored, fate_of, once_removed
from controller.tables import DeletedExperimentRow

PAGE = 200
BETWEEN_SWEEPS_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 60.0
AFTER_FAULT_SECONDS = 60.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Removes what may go, and says what it could not."""

    sessions: Sessions
    cluster: Cluster
    artifacts_url: str
    clock: Callable[[], datetime]
    stopping: threading.Event
    meters: Meters

    def chore(self, is_leading: Callable[[], bool]) -> Chore:
        """Return how to sweep beside the reconciler: neither too often nor too rarely."""
        return Chore(
            name="collect",
            look=lambda: BETWEEN_SWEEPS_SECONDS if self.sweep() else AFTER_FAULT_SECONDS,
            is_leading=is_leading,
            longest_pause_seconds=LONGEST_PAUSE_SECONDS,
            after_fault_seconds=AFTER_FAULT_SECONDS,
        )

    def sweep(self) -> bool:
        """Remove every checkpoint that may go; say whether all went well. Raises DatabaseAway and ClusterAway."""
        keys = [key_of_job(name) for name in self.cluster.jobs()]  # before the rows: what has a Job may be writing
        busy = {(key.experiment, key.trial) for key in keys if key is not None}
        busy_experiments = {experiment for experiment, _ in busy}
        failed = sum(not self._sweep_deleted(row) for row in self._deleted() if row.id not in busy_experiments)
        after = 0
        while page := self._page(after):
            idle = (each for each in page if (each.experiment, each.number) not in busy)
            failed += sum(not self._sweep_trial(each) for each in idle)
            after = page[-1].trial_id
        return not failed

    def _page(self, after: int) -> list[Leftover]:
        if self.stopping.is_set():
            return []
        with transaction(self.sessions) as session:
            return leftovers.leftovers(session, now=self.clock(), after=after, limit=PAGE)

    def _deleted(self) -> list[DeletedExperimentRow]:
        with transaction(self.sessions) as session:
            return list(leftovers.deleted_experiments(session))

    def _sweep_trial(self, leftover: Leftover) -> bool:
        lineage = leftover.lineage
        match fate_of(lineage, leftover.rule):
            case Fate.NEEDED:
                return True
            case Fate.STAYS:
                self._mark(leftover, Stored.STAYS)
                return True
            case Fate.GOES:
                noted = once_removed(lineage.stored, lineage.ended_at, self.clock())
                return noted is None or self._remove_trial(leftover, noted)
            case _ as unknown:
                assert_never(unknown)

    def _remove_trial(self, leftover: Leftover, noted: Stored) -> bool:
        folder = artifacts.trial_folder(self.artifacts_url, leftover.experiment, leftover.number)
        about = {"experiment": leftover.experiment, "trial": leftover.number}
        if not self._remove(artifacts.remove_checkpoints, folder, **about):
            return False
        self._mark(leftover, noted)
        return True

    def _mark(self, leftover: Leftover, noted: Stored) -> None:
        with transaction(self.sessions) as session:
            leftovers.mark(session, leftover.trial_id, noted)

    def _sweep_deleted(self, row: DeletedExperimentRow) -> bool:
        noted = once_removed(row.checkpoints, row.deleted_at, self.clock())
        if noted is None:
            return True
        folder = artifacts.experiment_folder(self.artifacts_url, row.id)
        if not self._remove(artifacts.remove, folder, experiment=row.id):
            return False
        with transaction(self.sessions) as session:
            leftovers.mark_deleted(session, row.id, noted)
        return True

    def _remove(self, how: Callable[[str], None], folder: str, **about: object) -> bool:
        if self.stopping.is_set():
            return False
        try:
            how(folder)
        except Exception as error:  # noqa: BLE001 - each storage has errors of its own
            self.meters.checkpoints_resisted.inc()
            log.warning("checkpoints could not be removed; trying again later", url=folder, error=str(error), **about)
            return False
        self.meters.checkpoints_removed.inc()
        log.info("checkpoints removed", url=folder, **about)
        return True
