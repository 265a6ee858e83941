"""Documents of a Job and its Pods, looked at; and the statuses that several tests give them."""

from datetime import timedelta
from typing import Any

from controller.kubernetes.documents import PodDocument, read_job, read_pod
from controller.kubernetes.sight import seen
from controller.plan import SeenJob
from tests.kubernetes.documents import NOW, condition, failed, waiting


def looked_at(a_job: Any, *pods: Any, gone: Any = ()) -> SeenJob:
    lost = [read(document, is_gone=True) for document in gone]
    return seen(read_job(a_job), [read(document) for document in pods] + lost, NOW)


def read(document: Any, *, is_gone: bool = False) -> PodDocument:
    found = read_pod(document, now=NOW)
    assert found is not None
    return found if not is_gone else PodDocument(**{**_fields(found), "is_gone": True})


def _fields(document: PodDocument) -> dict[str, Any]:
    return {name: getattr(document, name) for name in PodDocument.__slots__}


Status = dict[str, Any]

DRAINED = condition("DisruptionTarget", "EvictionByEvictionAPI", "Eviction API: evicting", since=60)
EVICTED: Status = {"reason": "Evicted", "message": "The node was low on resource: memory. "}
OWN_DISK: Status = {
    "reason": "Evicted",
    "message": "Pod ephemeral local storage usage exceeds the total limit of containers 8Mi. ",
}
LATE = failed("DeadlineExceeded", "Job was active longer than specified deadline")
LATE_SOON = condition("FailureTarget", "DeadlineExceeded", "Job was active longer than specified deadline")


UNPULLED = 'rpc error: code = NotFound desc = failed to pull and unpack image "a/b:1": not found'
IMAGE_WAITS = [
    waiting("ErrImagePull", UNPULLED),
    waiting("ImagePullBackOff", 'Back-off pulling image "a/b:1"'),
    waiting("ErrImageNeverPull", 'Container image "a/b:1" is not present with pull policy of Never'),
    waiting("InvalidImageName", "couldn't parse image reference"),
    waiting("ImageInspectError", "Failed to inspect image"),
    waiting("RegistryUnavailable", "registry is not available"),
    waiting("SignatureValidationFailed", "no signature"),
    waiting("CreateContainerConfigError", 'secret "s3" not found'),
    waiting("CreateContainerError", "no command specified"),
]


def scheduled(*, minutes_ago: int) -> dict[str, str]:
    at = NOW - timedelta(minutes=minutes_ago)
    return {"type": "PodScheduled", "status": "True", "lastTransitionTime": at.isoformat()}
