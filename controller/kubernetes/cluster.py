"""Kubernetes as the reconciler's cluster: a Job is a `batch/v1` Job and its Pod.

It holds no state that matters: what it knows is a copy of what the API server has, and every verb may be repeated. It
does not retry Jobs, and it does not know what an exit code means.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus

from kubernetes.client import V1DeleteOptions, V1Preconditions

from controller.cluster import LOG_TAIL_BYTES, LOG_TAIL_LINES, ClusterAway, JobEvent, JobRefused, last_lines
from controller.jobs import JobRequest
from controller.kubernetes.api import Api, Refused, Unanswered
from controller.kubernetes.documents import (
    JobDocument,
    PodDocument,
    last_words,
    read_job,
    read_pod,
)
from controller.kubernetes.events import JobReference, Teller
from controller.kubernetes.job import House, Owner, job_of, secret_of
from controller.kubernetes.pace import Pace
from controller.kubernetes.pod import CONTAINER
from controller.kubernetes.reflector import USUAL_TIMING, Collection, Reflector, Timing
from controller.kubernetes.server_name import ServerName
from controller.kubernetes.sight import first_of, is_on_lost_node, needs_its_pod, seen, seen_without_job
from controller.plan import JobPhase, SeenJob

LOG_SECONDS = 5.0
LOG_BYTES = 1024 * 1024
"""No more than this is read for the sake of its end: what draws a progress bar may never end its line."""
DOUBT_SECONDS = 30.0
"""How long the Secret of an earlier Job may outlive it; garbage collection takes it within seconds as a rule."""
JOBS, PODS = "jobs", "pods"


def now_utc() -> datetime:
    return datetime.now(UTC)


class KubernetesCluster:
    def __init__(
        self,
        api: Api,
        house: House,
        *,
        owner: str | None = None,
        creates_per_second: float = 50.0,
        timing: Timing = USUAL_TIMING,
    ) -> None:
        """Follow the Jobs of a house from now on. `owner` names the Deployment with which all of them go."""
        self._api, self._house, self._owner = api, house, owner
        self.name = ServerName(api)
        self._pace = Pace(creates_per_second)
        self._teller = Teller(api, now_utc)
        self._wake: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._unexplained: dict[str, float] = {}
        self._deleted: set[str] = set()
        self._doubtful: dict[str, float] = {}
        """Since when it is not known whose Secret bears the name of a Job that is new, by the Job's uid."""
        self._creating: set[str] = set()
        self._one_created = threading.Condition()
        self._looking = threading.Lock()
        self._shown: Set[str] | None = None
        """What the last answer held: a Job that is gone does not come back with a Pod that was late to be created."""
        jobs = Collection(path=api.path("batch/v1", JOBS), selector=house.selector, read=read_job)
        pods = Collection(path=api.path("v1", PODS), selector=house.selector, read=read_pod, keeps_lost=True)
        self._jobs = Reflector(api, jobs, self._changed, timing)
        self._pods = Reflector(api, pods, self._changed, timing)
        self._jobs.start()
        self._pods.start()

    def jobs(self) -> Mapping[str, SeenJob]:
        """Return every Job by name. One that was deleted is active until its Pod has ended.

        The answer is a copy, milliseconds old while the API server is heard. ClusterAway when that was a minute ago:
        nothing should be decided by what is older.
        """
        with self._looking:  # from the copies to what is remembered of them: never back to an older one
            return self._look()

    def refresh(self) -> None:
        """Have `jobs` wait for lists that are asked for from now on, and begin as a controller that just started."""
        with self._looking:
            self._jobs.renew()
            self._pods.renew()
            self._shown = None

    def create_job(self, request: JobRequest) -> None:
        """Create the Job, then the Secret that its Pod waits for. What exists already is left alone.

        Raises JobRefused when the API server will not have it; OSError and ClusterAway when it is worth another try.
        """
        if not request.pod.image:
            raise JobRefused("its Pod has no image: name one under `trial`, or set PODIUM_WORKER_IMAGE for all")
        self._find_owner()
        self._pace.wait()
        try:
            with self._alone(request.name):
                job, is_new = self._create(request)
                self._hand_over_token(request, job, is_new=is_new)
        except Unanswered as error:
            self._pace.hold(error.retry_after_seconds)
            raise
        except Refused as error:
            raise _refusal(error) from error

    def delete_job(self, name: str) -> None:
        """Delete a Job, its Secret and its Pod, without waiting. One that does not exist is no error."""
        for job in self._jobs.items().values():
            if job.name == name and not job.is_deleting and job.uid not in self._deleted:
                self._delete(job)

    def log_tail(self, name: str) -> str:
        """Return the last 50 lines of the worker's log, 8 KiB at most; empty when nobody has them any more."""
        try:
            pods = [pod for pods in self._known_pods().values() for pod in pods if pod.job == name]
        except ClusterAway:
            return ""
        if not pods:
            return ""
        pod = first_of(pods)
        if not pod.is_gone and not is_on_lost_node(pod, now_utc()):
            with suppress(Unanswered, Refused):
                return self._log_of(pod) or last_words(pod)
        return last_words(pod)

    def tell(self, name: str, event: JobEvent) -> None:
        """Put an event beside a Job. It is sent in the background, once, and may be lost."""
        with suppress(ClusterAway):
            for job in self._jobs.items().values():
                if job.name == name:
                    self._teller.tell(JobReference(name=name, uid=job.uid), event)

    def watch(self, wake: Callable[[], None]) -> None:
        """Call `wake` from a thread whenever a Job or a Pod is seen to have changed."""
        self._wake = wake

    def close(self) -> None:
        """Stop watching. Jobs live on."""
        self._wake = lambda: None
        self._jobs.close()
        self._pods.close()
        self._teller.close()
        self._api.close()

    def _changed(self) -> None:
        self._wake()

    def _look(self) -> Mapping[str, SeenJob]:
        jobs = self._jobs.items()  # before the Pods: those of a Job that has ended are then in their copy as a rule
        pods, now = self._known_pods(), now_utc()
        found = {uid: self._seen(job, pods.pop(uid, []), now) for uid, job in jobs.items()}
        for uid in pods if self._shown is None else pods.keys() & self._shown:
            for ending in filter(None, (seen_without_job(pod, now) for pod in pods[uid])):
                found[uid] = ending
        self._shown = found.keys()
        self._forget_all_but(jobs.keys())
        return {job.name: job for job in reversed(found.values())}  # a Job goes before an earlier one of its name

    def _known_pods(self) -> dict[str, list[PodDocument]]:
        """Return the Pods by the uid of their Job, those that are gone included."""
        pods: dict[str, list[PodDocument]] = defaultdict(list)
        for pod in self._pods.items().values():
            pods[pod.job_uid].append(pod)
        for pod in self._pods.lost().values():
            pods[pod.job_uid].append(replace(pod, is_gone=True))
        return pods

    def _seen(self, job: JobDocument, pods: list[PodDocument], now: datetime) -> SeenJob:
        if not pods and needs_its_pod(job) and not self._is_surely_without_pod(job):
            return SeenJob(name=job.name, phase=JobPhase.ACTIVE)
        return seen(job, pods, now)

    def _is_surely_without_pod(self, job: JobDocument) -> bool:
        """Say whether the Pods were listed after the Job was seen to have failed: the watches run side by side."""
        with self._lock:
            is_known, now = job.uid in self._unexplained, time.monotonic()
            since = self._unexplained.setdefault(job.uid, now)
        if not is_known:
            self._pods.list_again()
        return self._pods.is_newer_than(since)

    def _forget_all_but(self, jobs: Set[str]) -> None:
        """Drop what is remembered of Jobs that are gone."""
        self._pods.forget(uid for uid, pod in self._pods.lost().items() if pod.job_uid not in jobs)
        with self._lock:
            self._unexplained = {uid: since for uid, since in self._unexplained.items() if uid in jobs}
            self._deleted &= jobs

    def _find_owner(self) -> None:
        if self._owner is None or self._house.owner is not None:
            return
        try:
            meta = self._api.get(self._api.path("apps/v1", "deployments", self._owner))["metadata"]
        except Refused as error:
            raise ClusterAway(f"no Job without its owner, the Deployment that PODIUM_OWNER names: {error}") from error
        self._house = replace(self._house, owner=Owner(name=meta["name"], uid=meta["uid"]))

    def _create(self, request: JobRequest) -> tuple[JobDocument, bool]:
        """Create the Job, or find it; say whether it is new."""
        path = self._api.path("batch/v1", JOBS)
        try:
            job, is_new = read_job(self._api.post(path, job_of(request, self._house))), True
        except Refused as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            job, is_new = self._existing(request.name), False
        self._jobs.add(job)
        return job, is_new

    def _existing(self, name: str) -> JobDocument:
        try:
            job = read_job(self._api.get(self._api.path("batch/v1", JOBS, name)))
        except Refused as error:
            raise OSError(f"{name} existed a moment ago: {error}") from error
        if job.is_deleting:
            raise OSError(f"{name} is still being deleted")
        return job

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """Let one thread at a time create a Job of a name: the Secret of a new one is then no other thread's."""
        with self._one_created:
            self._one_created.wait_for(lambda: name not in self._creating)
            self._creating.add(name)
        try:
            yield
        finally:
            with self._one_created:
                self._creating.remove(name)
                self._one_created.notify_all()

    def _hand_over_token(self, request: JobRequest, job: JobDocument, *, is_new: bool) -> None:
        """Create the Secret. A Job that may have one from another controller is left alone, whatever is answered."""
        try:
            self._api.post(self._api.path("v1", "secrets"), secret_of(request, self._house, job.uid))
        except Refused as error:
            if error.status == HTTPStatus.CONFLICT:
                if self._is_doubtful(job, is_new=is_new):
                    raise OSError(f"the Secret of {request.name} may be an earlier Job's") from error
                return
            if is_new:
                self._delete(job)  # its Pod would wait for ever
            raise
        with self._lock:
            self._doubtful.pop(job.uid, None)

    def _is_doubtful(self, job: JobDocument, *, is_new: bool) -> bool:
        """Say whether the Secret that exists may belong to an earlier Job of the name, and go with it.

        Nobody may read Secrets, so time tells: an earlier Job's makes room soon, another controller's does not.
        """
        now = time.monotonic()
        with self._lock:
            if is_new:
                self._doubtful[job.uid] = now
            self._doubtful = {uid: since for uid, since in self._doubtful.items() if now - since < DOUBT_SECONDS}
            return job.uid in self._doubtful

    def _delete(self, job: JobDocument) -> None:
        options = V1DeleteOptions(propagation_policy="Background", preconditions=V1Preconditions(uid=job.uid))
        try:
            self._api.delete(self._api.path("batch/v1", JOBS, job.name), options)
        except Refused as error:
            if error.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):  # 409: the name is another Job's now
                raise
        with self._lock:
            self._deleted.add(job.uid)

    def _log_of(self, pod: PodDocument) -> str:
        query: dict[str, str | int] = {"container": CONTAINER, "tailLines": LOG_TAIL_LINES}
        stream = self._api.stream(self._api.path("v1", PODS, pod.name, "log"), query, read_seconds=LOG_SECONDS)
        tail, left, deadline = b"", LOG_BYTES, time.monotonic() + LOG_SECONDS
        try:
            for chunk in stream.chunks():
                tail, left = (tail + chunk)[-LOG_TAIL_BYTES:], left - len(chunk)
                if left <= 0 or time.monotonic() > deadline:
                    break
        finally:
            stream.close()
        return last_lines(tail)


def _refusal(error: Refused) -> Exception:
    """Tell a Job that is not had, for what it is, for want of quota or by a webhook, from a request that went wrong."""
    if error.status in (HTTPStatus.FORBIDDEN, HTTPStatus.INTERNAL_SERVER_ERROR):
        return JobRefused(str(error), may_pass=True)
    if error.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
        return JobRefused(str(error))
    return OSError(f"the API server answered {error.status}: {error}")
