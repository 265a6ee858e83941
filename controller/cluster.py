"""Where Jobs run, as the reconciler sees it. Nothing above knows whether that is Kubernetes or this machine."""

from collections.abc import Callable, Mapping
from typing import Protocol

from controller.jobs import JobRequest
from controller.plan import SeenJob


class Cluster(Protocol):
    def jobs(self) -> Mapping[str, SeenJob]:
        """Return every Job of Podium's, by name, ended ones included until they are deleted."""
        ...

    def create_job(self, request: JobRequest) -> None:
        """Start a Job. One of that name that exists already is left alone."""
        ...

    def delete_job(self, name: str) -> None:
        """End a Job (SIGTERM, a grace period, SIGKILL) and forget it. One that does not exist is no error."""
        ...

    def log_tail(self, name: str) -> str:
        """Return the last lines that the Job printed; empty when there are none."""
        ...

    def watch(self, wake: Callable[[], None]) -> None:
        """Call `wake` from now on whenever a Job may have changed. Returns at once."""
        ...

    def close(self) -> None:
        """Stop watching. Jobs live on."""
        ...
