"""The cluster on which nothing is started, and how it stands beside the one on which Jobs are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from controller.cluster import Cluster, JobEvent
from controller.database import Sessions, transaction
from controller.jobs import JobRequest
from controller.leases.lease import Lease, seen
from controller.leases.rows import LeaseRow
from controller.plan import SeenJob
from controller.tables import AttemptRow
from podium.taxonomy import AttemptState


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseCluster:
    """Leases as Jobs. Every method raises DatabaseAway."""

    sessions: Sessions
    clock: Callable[[], datetime]

    def jobs(self) -> Mapping[str, SeenJob]:
        columns = (LeaseRow, AttemptRow.state, AttemptRow.heard_at)
        query = select(*columns).join(AttemptRow, AttemptRow.job == LeaseRow.job)
        with transaction(self.sessions) as session:
            leases = [_lease(row, state, heard_at) for row, state, heard_at in session.execute(query)]
        now = self.clock()
        return {lease.job: seen(lease, now) for lease in leases}

    def create_job(self, request: JobRequest) -> None:
        """Offer a run. Nobody needs the token until it is taken, and then it is made anew."""
        offered = insert(LeaseRow).values(job=request.name, offered_at=self.clock(), holder="", last_words="")
        with transaction(self.sessions) as session:
            session.execute(offered.on_conflict_do_nothing())

    def delete_job(self, name: str) -> bool:
        """Take a run back, if it was offered here; say whether it was. Its holder is told at the next report."""
        with transaction(self.sessions) as session:
            taken = session.scalar(delete(LeaseRow).where(LeaseRow.job == name).returning(LeaseRow.job))
        return taken is not None

    def last_words(self, name: str) -> str:
        with transaction(self.sessions) as session:
            row = session.get(LeaseRow, name)
        return "" if row is None else row.last_words


def _lease(row: LeaseRow, state: AttemptState, heard_at: datetime | None) -> Lease:
    return Lease(
        job=row.job,
        offered_at=row.offered_at,
        taken_at=row.taken_at,
        seconds=row.seconds,
        holder=row.holder,
        exit_code=row.exit_code,
        heard_at=heard_at,
        is_reported=state is AttemptState.REPORTED,
    )


class HereAndElsewhere:
    """A cluster, and beside it the leases: each Job is on one of them, by what its experiment says."""

    def __init__(self, *, here: Cluster, elsewhere: LeaseCluster) -> None:
        self._here, self._elsewhere = here, elsewhere
        self._wake: Callable[[], None] = lambda: None

    def name(self) -> str:
        return self._here.name()

    def jobs(self) -> Mapping[str, SeenJob]:
        return {**self._here.jobs(), **self._elsewhere.jobs()}

    def refresh(self) -> None:
        self._here.refresh()

    def create_job(self, request: JobRequest) -> None:
        if request.is_external:
            self._elsewhere.create_job(request)
            self._wake()  # no cluster tells of it
        else:
            self._here.create_job(request)

    def delete_job(self, name: str) -> None:
        if self._elsewhere.delete_job(name):
            self._wake()
        else:
            self._here.delete_job(name)

    def log_tail(self, name: str) -> str:
        return self._here.log_tail(name) or self._elsewhere.last_words(name)

    def tell(self, name: str, event: JobEvent) -> None:
        self._here.tell(name, event)

    def watch(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._here.watch(wake)

    def close(self) -> None:
        self._here.close()
