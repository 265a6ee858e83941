"""A cluster that counts the Jobs that come and go through it. It changes nothing."""

from collections.abc import Callable, Mapping

from controller.cluster import Cluster, JobEvent, JobRefused
from controller.jobs import JobRequest
from controller.meters import Meters
from controller.plan import SeenJob


class CountedCluster:
    """Counts a Job once, however often it is asked for: creation and deletion are repeated until they are seen."""

    def __init__(self, cluster: Cluster, meters: Meters) -> None:
        self._cluster, self._meters = cluster, meters
        self._there: frozenset[str] = frozenset()
        self._leaving: frozenset[str] = frozenset()

    def name(self) -> str:
        return self._cluster.name()

    def jobs(self) -> Mapping[str, SeenJob]:
        seen = self._cluster.jobs()
        self._there = frozenset(seen)
        self._leaving &= self._there
        return seen

    def refresh(self) -> None:
        self._cluster.refresh()

    def create_job(self, request: JobRequest) -> None:
        try:
            self._cluster.create_job(request)
        except JobRefused:
            self._meters.jobs_refused.inc()
            raise
        if request.name not in self._there:
            self._meters.jobs_created.inc()

    def delete_job(self, name: str) -> None:
        self._cluster.delete_job(name)
        if name in self._there and name not in self._leaving:
            self._leaving |= {name}
            self._meters.jobs_deleted.inc()

    def log_tail(self, name: str) -> str:
        return self._cluster.log_tail(name)

    def tell(self, name: str, event: JobEvent) -> None:
        self._cluster.tell(name, event)

    def watch(self, wake: Callable[[], None]) -> None:
        self._cluster.watch(wake)

    def close(self) -> None:
        self._cluster.close()
