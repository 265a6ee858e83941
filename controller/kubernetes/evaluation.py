"""The Job that judges a trial on the test part: pure. Whoever may create Jobs applies it; Podium does not.

It bears no label of a controller's, so that no reconciler takes it for an attempt of its own and ends it. That of the
workers it bears: the NetworkPolicies that let them reach the artifact store are for it too. It needs no token.
"""

from typing import Any

from kubernetes.client import ApiClient, V1Job, V1JobSpec, V1ObjectMeta, V1PodTemplateSpec

from controller.kubernetes.job import QUEUE_LABEL, TTL_SECONDS
from controller.kubernetes.pod import PodRequest, pod_of
from podium.evaluation import EVALUATION_VARIABLE, Evaluation
from podium.pod import PodShape

COMMAND = ("python", "-P", "-m", "worker.evaluate")


def evaluation_job(evaluation: Evaluation, shape: PodShape) -> dict[str, Any]:  # Any: a document of Kubernetes
    """Return the Job, for the namespace that the workers are in."""
    labels = _labels(evaluation)
    queue = {QUEUE_LABEL: shape.queue} if shape.queue else {}
    asked = evaluation.model_dump_json(exclude_unset=True)
    request = PodRequest(command=COMMAND, env=shape.env | {EVALUATION_VARIABLE: asked}, pod=shape)
    job = V1Job(
        api_version="batch/v1",
        kind="Job",
        metadata=V1ObjectMeta(name=f"{evaluation.experiment}-t{evaluation.trial}-test", labels=labels | queue),
        spec=V1JobSpec(
            backoff_limit=0,
            completions=1,
            parallelism=1,
            suspend=True if shape.queue else None,  # its queue wakes it when there is room
            ttl_seconds_after_finished=TTL_SECONDS,
            template=V1PodTemplateSpec(metadata=V1ObjectMeta(labels=labels), spec=pod_of(request)),
        ),
    )
    document: dict[str, Any] = ApiClient().sanitize_for_serialization(job)  # type: ignore[no-untyped-call]  # untyped
    return document


def _labels(evaluation: Evaluation) -> dict[str, str]:
    return {
        "app.kubernetes.io/name": "podium",
        "app.kubernetes.io/component": "worker",
        "podium.dev/experiment": evaluation.experiment,
        "podium.dev/trial": str(evaluation.trial),
    }
