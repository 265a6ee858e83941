"""Where Jobs run, as the reconciler sees it. Nothing above knows whether that is Kubernetes or this machine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from controller.jobs import JobRequest
from controller.plan import SeenJob

LOG_TAIL_BYTES, LOG_TAIL_LINES = 8192, 50


class ClusterAway(Exception):
    """The cluster does not answer, or has not yet shown all of its Jobs; it is asked again soon."""


class JobRefused(Exception):
    """The cluster will not have this Job; the message is its own. `may_pass` when a quota may have room later."""

    def __init__(self, message: str, *, may_pass: bool = False) -> None:
        super().__init__(message)
        self.may_pass = may_pass


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """Something that a person who looks at a Job should see beside it."""

    reason: str
    """One word in UpperCamelCase, as Kubernetes has them."""
    message: str
    is_warning: bool = False


class Cluster(Protocol):
    """Every method may be called from several threads. Those that ask the cluster raise ClusterAway."""

    def name(self) -> str:
        """Return what it is, for people who ask where a trial was trained: `Kubernetes v1.31.2`. Raises nothing."""
        ...

    def jobs(self) -> Mapping[str, SeenJob]:
        """Return every Job of Podium's, by name, ended ones included until they are deleted."""
        ...

    def refresh(self) -> None:
        """Let `jobs` answer only with what the cluster says after this call: another controller acted until now.

        Returns at once; `jobs` raises ClusterAway as long as it does not know.
        """
        ...

    def create_job(self, request: JobRequest) -> None:
        """Start a Job. One that exists already is left alone, but gets what it lacks. Raises JobRefused and OSError."""
        ...

    def delete_job(self, name: str) -> None:
        """End a Job (SIGTERM, a grace period, SIGKILL) and forget it. One that does not exist is no error."""
        ...

    def log_tail(self, name: str) -> str:
        """Return the last lines that the Job printed; empty when there are none."""
        ...

    def tell(self, name: str, event: JobEvent) -> None:
        """Put an event beside a Job, for people. Raises nothing: an event that is lost is not missed."""
        ...

    def watch(self, wake: Callable[[], None]) -> None:
        """Call `wake` from now on whenever a Job may have changed. Returns at once."""
        ...

    def close(self) -> None:
        """Stop watching. Jobs live on."""
        ...


def last_lines(log: bytes) -> str:
    """Return the end of what a Job printed, as `log_tail` is to give it."""
    return "\n".join(log[-LOG_TAIL_BYTES:].decode(errors="replace").splitlines()[-LOG_TAIL_LINES:])
