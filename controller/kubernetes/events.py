"""What people are told beside a Job, as `kubectl describe job` shows it. A thread of its own sends it, or loses it."""

import hashlib
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

import structlog
from kubernetes.client import CoreV1Event, V1EventSource, V1ObjectMeta, V1ObjectReference

from controller.cluster import JobEvent
from controller.kubernetes.api import Api, Refused, Unanswered

log = structlog.get_logger(__name__)

COMPONENT = "podium"
LONGEST_MESSAGE = 1024
"""Kubernetes refuses longer ones."""
WAITING_EVENTS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReference:
    name: str
    uid: str


def event_of(job: JobReference, event: JobEvent, namespace: str, now: datetime) -> CoreV1Event:
    """Return the event as Kubernetes has it. The same about the same Job has the same name: it is there once."""
    now = now.replace(microsecond=0)
    told = hashlib.sha256(f"{job.uid}\0{event.reason}\0{event.message}".encode()).hexdigest()
    return CoreV1Event(
        api_version="v1",
        kind="Event",
        metadata=V1ObjectMeta(name=f"{job.name}.{told[:16]}", namespace=namespace),
        involved_object=V1ObjectReference(
            api_version="batch/v1", kind="Job", namespace=namespace, name=job.name, uid=job.uid
        ),
        reason=event.reason,
        message=event.message[:LONGEST_MESSAGE],
        type="Warning" if event.is_warning else "Normal",
        source=V1EventSource(component=COMPONENT),
        first_timestamp=now,
        last_timestamp=now,
        count=1,
    )


class Teller:
    """Sends events one after the other, and drops what does not fit into its queue."""

    def __init__(self, api: Api, clock: Callable[[], datetime]) -> None:
        self._api, self._clock = api, clock
        self._waiting: queue.Queue[CoreV1Event | None] = queue.Queue(WAITING_EVENTS)
        self._thread = threading.Thread(target=self._send_all, name="tell", daemon=True)
        self._thread.start()

    def tell(self, job: JobReference, event: JobEvent) -> None:
        try:
            self._waiting.put_nowait(event_of(job, event, self._api.namespace, self._clock()))
        except queue.Full:
            log.info("too much to tell; this event is dropped", job=job.name, reason=event.reason)

    def close(self) -> None:
        """Send what is waiting, for a moment, and stop."""
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(timeout=2.0)

    def _send_all(self) -> None:
        while (event := self._waiting.get()) is not None:
            try:
                self._api.post(self._api.path("v1", "events"), event)
            except Refused as error:
                if error.status != HTTPStatus.CONFLICT:  # 409: it was told before
                    log.info("an event was refused, and is dropped", job=event.involved_object.name, error=str(error))
            except Unanswered as error:
                log.info("an event found nobody, and is dropped", job=event.involved_object.name, error=str(error))
