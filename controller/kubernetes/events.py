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
CLOSE_SECONDS = 2.0


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
    """Sends events one after the other, and drops those for which it has no time."""

    def __init__(self, api: Api, clock: Callable[[], datetime]) -> None:
        self._api, self._clock = api, clock
        self._waiting: queue.SimpleQueue[CoreV1Event | None] = queue.SimpleQueue()
        self._is_late = False
        self._thread = threading.Thread(target=self._send_all, name="tell", daemon=True)
        self._thread.start()

    def tell(self, job: JobReference, event: JobEvent) -> None:
        if self._waiting.qsize() < WAITING_EVENTS:
            self._waiting.put(event_of(job, event, self._api.namespace, self._clock()))
        else:
            log.info("too much to tell; this event is dropped", job=job.name, event_reason=event.reason)

    def close(self) -> None:
        """Send what is waiting, but for no longer than a moment, and stop."""
        self._waiting.put(None)
        self._thread.join(timeout=CLOSE_SECONDS)
        self._is_late = True

    def _send_all(self) -> None:
        while (event := self._waiting.get()) is not None:
            if not self._is_late:
                self._send(event)

    def _send(self, event: CoreV1Event) -> None:
        job = event.involved_object.name
        try:
            self._api.post(self._api.path("v1", "events"), event)
        except Refused as error:
            if error.status != HTTPStatus.CONFLICT:  # 409: it was told before
                log.info("an event was refused, and is dropped", job=job, error=str(error))
        except Unanswered as error:
            log.debug("nobody heard an event; it is dropped", job=job, error=str(error))
        except Exception:  # whatever it is, the next event is told
            log.exception("an event could not be sent, and is dropped", job=job)
