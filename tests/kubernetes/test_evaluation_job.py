"""The Job that judges a trial on the test part: accepted everywhere, restricted, and nobody's but its creator's."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from controller.jobs import key_of_job
from controller.kubernetes.evaluation import evaluation_job
from controller.kubernetes.job import job_of
from podium.evaluation import Evaluation
from podium.pod import PodShape
from tests.kubernetes.schemas import VERSIONS, document_of, faults
from tests.kubernetes.shapes import request_for, shapes
from tests.kubernetes.test_job import HOUSE

PLAIN = PodShape(image="registry.example.com/train:1")
ASKED = Evaluation.model_validate(
    {
        "experiment": "cars-7f3a",
        "trial": 12,
        "training": {
            "dataset": "image_folder",
            "data": "/data/cars",
            "test_data": "/data/$(unseen)",
            "label_attributes": {"pattern": r"(?P<make>\S+) .+$"},
        },
        "configuration": {"learning_rate": 0.1},
        "epoch": 30,
        "checkpoints": "s3://podium/cars-7f3a/t12",
        "results": "s3://podium/cars-7f3a/t12/results",
        "test": "s3://podium/cars-7f3a/t12/test",
    }
)


def pod_of(job: Any) -> Any:
    return job["spec"]["template"]["spec"]


@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow], deadline=None, derandomize=True)
@given(shape=shapes())
def test_it_fits_the_schema_of_every_version(shape: PodShape, version: str) -> None:
    assert faults(evaluation_job(ASKED, shape), version) == []


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow], deadline=None, derandomize=True)
@given(shape=shapes())
def test_its_pod_is_that_of_an_attempt_without_a_token(shape: PodShape) -> None:
    mine, theirs = pod_of(evaluation_job(ASKED, shape)), pod_of(document_of(job_of(request_for(shape), HOUSE)))
    for pod in (mine, theirs):
        [container] = pod["containers"]
        container.pop("command")
        container["env"] = [each for each in container["env"] if not each["name"].startswith("PODIUM_")]
        for what, where in (("volumes", pod), ("volumeMounts", container)):
            where[what] = [each for each in where.get(what, []) if each["name"] != "podium-run-token"]
    assert mine == theirs
    assert "podium-run-token" not in str(evaluation_job(ASKED, shape))


def test_no_reconciler_takes_it_for_an_attempt_and_every_policy_for_a_worker() -> None:
    job, attempt = evaluation_job(ASKED, PLAIN), document_of(job_of(request_for(PLAIN), HOUSE))
    key, value = HOUSE.selector.split("=")
    for mine, theirs in (
        (job["metadata"]["labels"], attempt["metadata"]["labels"]),
        (job["spec"]["template"]["metadata"]["labels"], attempt["spec"]["template"]["metadata"]["labels"]),
    ):
        assert theirs[key] == value
        assert key not in mine
        for policies in ("app.kubernetes.io/name", "app.kubernetes.io/component"):
            assert mine[policies] == theirs[policies]
    assert key_of_job(job["metadata"]["name"]) is None
    assert "namespace" not in job["metadata"]
    longest = ASKED.model_copy(update={"experiment": "x" * 41, "trial": 99_999})
    assert len(evaluation_job(longest, PLAIN)["metadata"]["name"]) <= 63


def test_it_is_told_what_to_do_and_nothing_else() -> None:
    [container] = pod_of(evaluation_job(ASKED, PLAIN))["containers"]
    assert container["command"] == ["python", "-P", "-m", "worker.evaluate"]
    env = {each["name"]: each["value"] for each in container["env"]}
    assert set(env) == {"HOME", "PYTHONUNBUFFERED", "PODIUM_EVALUATION"}
    as_kubernetes_reads_it = env["PODIUM_EVALUATION"].replace("$$(", "$(")
    assert Evaluation.model_validate_json(as_kubernetes_reads_it) == ASKED


def test_a_queue_wakes_it() -> None:
    job = evaluation_job(ASKED, PodShape(image="registry.example.com/train:1", queue="research"))
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "research"
    assert job["spec"]["suspend"] is True
