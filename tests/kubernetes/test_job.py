"""What is created on Kubernetes: accepted by every version, restricted in every shape, the same each time."""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.jobs import JobRequest, Placement
from controller.kubernetes.job import House, Owner, job_of, secret_of
from controller.kubernetes.pod import literally
from podium.faults import SpecRejected, parse_spec
from podium.pod import PodShape
from podium.quantity import amount
from tests.builders import spec_document
from tests.kubernetes.schemas import VERSIONS, document_of, faults
from tests.kubernetes.shapes import request_for, requests

HOUSE = House(
    namespace="podium", controller="podium-reconciler", owner=Owner(name="podium-reconciler", uid="8e1f-owner")
)
PLAIN = request_for(PodShape(image="registry.example.com/train:1"))


def a_job(asked: JobRequest = PLAIN, house: House = HOUSE) -> Any:
    return document_of(job_of(asked, house))


def a_pod(asked: JobRequest = PLAIN) -> Any:
    return a_job(asked)["spec"]["template"]["spec"]


def shaped(**shape: Any) -> JobRequest:
    return request_for(PodShape.model_validate({"image": "registry.example.com/train:1", **shape}))


def placed(shape: dict[str, Any], **placement: Any) -> JobRequest:
    made = PodShape.model_validate({"image": "registry.example.com/train:1", **shape})
    return request_for(made, Placement(**placement))


@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None, derandomize=True)
@given(asked=requests())
def test_every_job_fits_the_schema_of_every_version(asked: JobRequest, version: str) -> None:
    assert faults(a_job(asked), version) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_secrets_fit_the_schema_of_every_version(version: str) -> None:
    assert faults(document_of(secret_of(PLAIN, HOUSE, "5a-job")), version) == []


def test_a_key_that_kubernetes_does_not_have_is_a_fault() -> None:
    document = a_job()
    document["spec"]["template"]["spec"]["containers"][0]["imagePulPolicy"] = "Always"
    assert any("imagePulPolicy" in fault for fault in faults(document, VERSIONS[0]))


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None, derandomize=True)
@given(asked=requests())
def test_every_pod_is_restricted(asked: JobRequest) -> None:
    """The rules of kubernetes.io/docs/concepts/security/pod-security-standards, `restricted` and `baseline`."""
    pod = a_pod(asked)
    for key in ("hostNetwork", "hostPID", "hostIPC", "hostUsers", "initContainers", "ephemeralContainers"):
        assert key not in pod
    security = pod["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] > 0
    assert security["fsGroup"] == 65532, "whatever the user: the volume with the checkpoints is everybody's"
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert security.keys() <= {
        "runAsNonRoot", "runAsUser", "runAsGroup", "fsGroup", "fsGroupChangePolicy", "seccompProfile"
    }  # fmt: skip
    (container,) = pod["containers"]
    assert "ports" not in container
    assert container["securityContext"] | {"readOnlyRootFilesystem": True} == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "readOnlyRootFilesystem": True,
    }
    allowed = {"name", "configMap", "emptyDir", "persistentVolumeClaim", "secret"}
    assert all(volume.keys() <= allowed for volume in pod["volumes"])
    assert pod["automountServiceAccountToken"] is False


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None, derandomize=True)
@given(asked=requests())
def test_what_no_schema_says_holds_too(asked: JobRequest) -> None:
    """Rules of the API server's own validation, which no schema has."""
    job, pod = a_job(asked), a_pod(asked)
    (container,) = pod["containers"]
    names = [volume["name"] for volume in pod["volumes"]]
    paths = [mount["mountPath"] for mount in container["volumeMounts"]]
    assert len(set(names)) == len(names)
    assert len(set(paths)) == len(paths)
    assert {mount["name"] for mount in container["volumeMounts"]} == set(names)
    assert all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name) for name in [job["metadata"]["name"], *names])
    labels = job["metadata"]["labels"] | job["spec"]["template"]["metadata"]["labels"]
    assert all(re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", value) for value in labels.values())
    variables = [variable["name"] for variable in container["env"]]
    assert len(set(variables)) == len(variables)
    affinity = pod.get("affinity", {}).get("nodeAffinity", {})
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution", {}).get("nodeSelectorTerms", [])
    preferred = [one["preference"] for one in affinity.get("preferredDuringSchedulingIgnoredDuringExecution", [])]
    fields = [field for term in [*required, *preferred] for field in term.get("matchFields") or []]
    assert all(field["key"] == "metadata.name" and len(field["values"]) == 1 for field in fields)


def test_a_job_is_one_attempt_and_retries_nothing() -> None:
    spec = a_job()["spec"]
    template = spec.pop("template")
    assert spec == {"backoffLimit": 0, "completions": 1, "parallelism": 1, "ttlSecondsAfterFinished": 86_400}
    assert template["spec"]["restartPolicy"] == "Never"


def test_a_deadline_is_the_clusters_to_keep() -> None:
    assert a_job(placed({}, deadline_seconds=3600))["spec"]["activeDeadlineSeconds"] == 3600


def test_labels_say_whose_job_it_is_on_the_pod_as_well() -> None:
    document = a_job()
    assert document["metadata"]["labels"] == document["spec"]["template"]["metadata"]["labels"]
    assert document["metadata"]["name"] == "cars-7f3a-t12-e30-a2"
    assert document["metadata"]["labels"] == {
        "app.kubernetes.io/name": "podium",
        "app.kubernetes.io/component": "worker",
        "app.kubernetes.io/managed-by": "podium",
        "podium.dev/controller": "podium-reconciler",
        "podium.dev/experiment": "cars-7f3a",
        "podium.dev/trial": "12",
        "podium.dev/epochs": "30",
        "podium.dev/attempt": "2",
    }


def test_a_job_goes_with_the_controllers_deployment_and_the_secret_with_the_job() -> None:
    assert a_job()["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "name": "podium-reconciler",
            "uid": "8e1f-owner",
            "blockOwnerDeletion": False,
        }
    ]
    assert "ownerReferences" not in a_job(house=House(namespace="podium", controller="podium"))["metadata"]
    secret = document_of(secret_of(PLAIN, HOUSE, "5a-job"))
    (reference,) = secret["metadata"]["ownerReferences"]
    assert (reference["kind"], reference["name"], reference["uid"]) == ("Job", "cars-7f3a-t12-e30-a2", "5a-job")


def test_the_token_is_a_file_and_nowhere_else() -> None:
    document = a_job()
    (container,) = document["spec"]["template"]["spec"]["containers"]
    (mount,) = [mount for mount in container["volumeMounts"] if mount["name"] == "podium-run-token"]
    (volume,) = [one for one in document["spec"]["template"]["spec"]["volumes"] if one["name"] == "podium-run-token"]
    assert "t0ken" not in str(document)
    assert mount == {"name": "podium-run-token", "mountPath": "/var/run/secrets/podium", "readOnly": True}
    assert volume["secret"] == {
        "secretName": "cars-7f3a-t12-e30-a2",
        "defaultMode": 0o440,
        "items": [{"key": "token", "path": "token"}],
    }
    assert {"name": "PODIUM_RUN_TOKEN_FILE", "value": "/var/run/secrets/podium/token"} in container["env"]
    assert document_of(secret_of(PLAIN, HOUSE, "5a-job"))["stringData"] == {"token": "t0ken"}


def test_nothing_can_be_mounted_over_the_token() -> None:
    volume = {"name": "a", "mountPath": "/var/run/secrets/podium/", "emptyDir": {}}
    with pytest.raises(SpecRejected) as rejected:
        parse_spec(spec_document(trial={"volumes": [volume]}))
    assert "Podium's own" in str(rejected.value.faults)


def test_a_queue_gets_a_suspended_job() -> None:
    document = a_job(shaped(queue="research"))
    assert document["spec"]["suspend"] is True
    assert document["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "research"


@pytest.mark.parametrize(
    ("asked", "limit", "size"),
    [(None, None, "4Gi"), (None, "2Gi", "2Gi"), (None, "64Gi", "4Gi"), ("8Gi", None, "8Gi"), ("1Gi", "2Gi", "1Gi")],
)
def test_shared_memory_lies_within_the_memory_limit(asked: str | None, limit: str | None, size: str) -> None:
    shape = {"sharedMemory": asked, "resources": {"limits": {"memory": limit}} if limit else None}
    pod = a_pod(shaped(**{key: value for key, value in shape.items() if value is not None}))
    (volume,) = [volume for volume in pod["volumes"] if volume["name"] == "podium-shm"]
    assert volume["emptyDir"] == {"medium": "Memory", "sizeLimit": size}
    assert limit is None or amount(size) <= amount(limit)


def test_a_home_and_scratch_are_writable_under_a_read_only_root() -> None:
    (container,) = a_pod()["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert {mount["mountPath"] for mount in container["volumeMounts"]} >= {"/tmp", "/dev/shm"}
    assert {"name": "HOME", "value": "/tmp"} in container["env"]


def test_a_volume_of_the_users_takes_the_place_of_ours() -> None:
    claim = {"name": "scratch", "mountPath": "/tmp/", "persistentVolumeClaim": {"claimName": "fast"}}
    pod = a_pod(shaped(volumes=[claim]))
    mounts = {mount["mountPath"]: mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
    assert mounts["/tmp/"] == "scratch"
    assert "/tmp" not in mounts
    assert "podium-tmp" not in {volume["name"] for volume in pod["volumes"]}


def test_the_command_takes_the_place_of_the_entrypoint() -> None:
    (container,) = a_pod()["containers"]
    assert container["command"] == ["python", "-P", "-m", "worker"]
    assert "args" not in container


USERS = {"key": "zone", "operator": "In", "values": ["a"]}
NOT_A = {"key": "metadata.name", "operator": "NotIn", "values": ["node-a"]}
NOT_B = {"key": "metadata.name", "operator": "NotIn", "values": ["node-b"]}


def required(*terms: dict[str, Any]) -> dict[str, Any]:
    return {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}


@pytest.mark.parametrize(
    ("users", "expected"),
    [
        pytest.param(None, [{"matchFields": [NOT_A, NOT_B]}], id="no affinity of the user's"),
        pytest.param(
            required({"matchExpressions": [USERS]}, {"matchFields": [NOT_B]}),
            [
                {"matchExpressions": [USERS], "matchFields": [NOT_A, NOT_B]},
                {"matchExpressions": [], "matchFields": [NOT_B, NOT_A, NOT_B]},
            ],
            id="each of the user's terms, since one is enough",
        ),
        pytest.param(
            required({}, {"matchExpressions": [USERS]}),
            [
                {"matchExpressions": [], "matchFields": []},
                {"matchExpressions": [USERS], "matchFields": [NOT_A, NOT_B]},
            ],
            id="not an empty one, which matches nothing",
        ),
    ],
)
def test_avoided_nodes_are_anded_into_the_users_terms(users: Any, expected: list[Any]) -> None:
    shape = {"affinity": {"nodeAffinity": users}} if users else {}
    pod = a_pod(placed(shape, avoided_nodes=("node-a", "node-b")))
    assert pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] == {
        "nodeSelectorTerms": expected
    }


def test_disliked_nodes_are_the_last_choice_beside_the_users() -> None:
    users = {"weight": 5, "preference": {"matchExpressions": [USERS]}}
    shape = {"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [users]}}}
    preferred = a_pod(placed(shape, disliked_nodes=("node-a",)))["affinity"]["nodeAffinity"][
        "preferredDuringSchedulingIgnoredDuringExecution"
    ]
    assert [one["weight"] for one in preferred] == [5, 100]
    assert preferred[1]["preference"] == {"matchFields": [NOT_A]}


def test_a_shape_is_not_changed_by_making_a_job_of_it() -> None:
    asked = placed({"affinity": {"nodeAffinity": required({"matchExpressions": [USERS]})}}, avoided_nodes=("node-a",))
    assert a_job(asked) == a_job(asked)


@given(text=st.text(alphabet="$()aB ", max_size=12))
def test_a_text_means_itself_to_kubernetes(text: str) -> None:
    assert expanded(literally(text), {"a": "no", "B": "no", "": "no"}) == text


def expanded(text: str, variables: dict[str, str]) -> str:
    """Do as k8s.io/kubernetes/third_party/forked/golang/expansion does with a command and with a variable's value."""
    result, at = "", 0
    while at < len(text):
        reference = re.match(r"\$\(([^)]*)\)", text[at:])
        if text[at] != "$" or at + 1 == len(text):
            result, at = result + text[at], at + 1
        elif text[at + 1] == "$":
            result, at = result + "$", at + 2
        elif reference:
            result, at = result + variables.get(reference[1], reference[0]), at + len(reference[0])
        else:
            result, at = result + text[at : at + 2], at + 2
    return result


def test_a_plain_text_is_left_alone() -> None:
    assert literally('python -c "print(1)" $HOME ${PATH} 5$') == 'python -c "print(1)" $HOME ${PATH} 5$'
