"""Jobs that these tests ask a real Kubernetes for."""

from dataclasses import replace

from controller.jobs import JobRequest
from podium.pod import PodShape
from tests.cluster_behaviour import SHAPE

LEAVES = "trap 'sleep 1; exit 75' TERM; echo ready; while :; do sleep 0.05; done"
"""Does on SIGTERM as a worker does."""


def shaped(asked: JobRequest, **shape: object) -> JobRequest:
    return replace(asked, pod=PodShape.model_validate(SHAPE.model_dump(exclude_none=True) | shape))
