"""The trial section: what of a Pod an experiment may shape, every fault of it, and how shapes are laid over another."""

from typing import Any

import pytest
from pydantic import ValidationError

from podium.faults import SpecRejected, parse_spec
from podium.pod import PodShape, laid_over
from podium.quantity import amount, times
from tests.builders import spec_document

GPU = {
    "command": ["python", "train.py"],
    "image": "registry.example.com/train@sha256:" + 64 * "0",
    "imagePullSecrets": [{"name": "registry"}],
    "env": {"OMP_NUM_THREADS": "4"},
    "envFrom": [{"secretRef": {"name": "s3"}}],
    "resources": {"requests": {"cpu": 4, "memory": "16Gi"}, "limits": {"memory": "32Gi", "nvidia.com/mig-1g.5gb": 1}},
    "sharedMemory": "8Gi",
    "volumes": [
        {"name": "cars", "mountPath": "/data", "readOnly": True, "persistentVolumeClaim": {"claimName": "cars"}}
    ],
    "nodeSelector": {"cloud.google.com/gke-accelerator": "nvidia-l4"},
    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [
                    {"matchExpressions": [{"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["a"]}]}
                ]
            }
        }
    },
    "priorityClassName": "batch",
    "runtimeClassName": "nvidia",
    "serviceAccountName": "trainer",
    "queue": "research",
    "terminationGracePeriodSeconds": 120,
    "outOfMemoryFactor": 1.5,
    "progressSeconds": 30,
    "rungs": {"small": {"tolerations": [{"key": "spot", "operator": "Exists"}], "pricePerHour": 0.4}},
}


def test_all_that_a_trial_may_have_is_taken_as_written() -> None:
    trial = parse_spec(spec_document(trial=GPU)).trial
    assert trial is not None
    assert trial.resources is not None
    assert trial.resources.limits["nvidia.com/mig-1g.5gb"] == "1"
    assert trial.rungs["small"].pricePerHour == 0.4


def test_the_built_in_trainer_takes_a_pod_too() -> None:
    document = spec_document(
        trial={"resources": {"limits": {"nvidia.com/gpu": 1}}},
        training={"dataset": "digits", "image_size": 32},
    )
    assert parse_spec(document).training is not None


@pytest.mark.parametrize(
    ("trial", "path", "allowed"),
    [
        ({"nodeselector": {}}, "trial.nodeselector", "did you mean 'nodeSelector'?"),
        ({"resources": {"limit": {}}}, "trial.resources.limit", "did you mean 'limits'?"),
        ({"resources": {"limits": {"memory": "4 GB"}}}, "trial.resources.limits.memory", "text that matches"),
        ({"resources": {"limits": {"cpu": True}}}, "trial.resources.limits.cpu", "string"),
        (
            {"resources": {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}},
            "trial.resources",
            "requests.memory must not exceed limits.memory, found 2Gi > 1Gi",
        ),
        (
            {"sharedMemory": "2Gi", "resources": {"limits": {"memory": "1Gi"}}},
            "trial",
            "`sharedMemory` lies within limits.memory, found 2Gi > 1Gi",
        ),
        (
            {"resources": {"requests": {"nvidia.com/gpu": 1}}},
            "trial.resources",
            "nvidia.com/gpu needs a limit: give limits.nvidia.com/gpu = 1",
        ),
        (
            {"resources": {"limits": {"nvidia.com/gpu": 0.5}}},
            "trial.resources",
            "limits.nvidia.com/gpu must be a whole number, found 0.5",
        ),
        (
            {"resources": {"requests": {"amd.com/gpu": 1}, "limits": {"amd.com/gpu": 2}}},
            "trial.resources",
            "requests.amd.com/gpu must equal limits.amd.com/gpu, found 1 and 2",
        ),
        ({"resources": {"limits": {"gpu": "500m"}}}, "trial.resources", "limits.gpu must be a whole number"),
        (
            {"volumes": [{"name": "d", "mountPath": "/d", "subPath": "/d", "emptyDir": {}}]},
            "trial.volumes[0].subPath",
            "a relative path without `..`",
        ),
        (
            {"volumes": [{"name": "d", "mountPath": "/d", "subPath": "a/../..", "emptyDir": {}}]},
            "trial.volumes[0].subPath",
            "a relative path without `..`",
        ),
        ({"progressSeconds": 0}, "trial.progressSeconds", "greater than or equal to 1"),
        ({"rungs": {"small": {"progressSeconds": 5}}}, "trial.rungs.small.progressSeconds", ""),
        ({"runAsUser": 0}, "trial.runAsUser", "greater than or equal to 1"),
        ({"env": {"PODIUM_URL": "x"}}, "trial.env", "names starting with PODIUM_ are set by Podium itself"),
        ({"tolerations": [{"operator": "Equal", "value": "x"}]}, "trial.tolerations[0]", "needs a `key`"),
        ({"volumes": [{"name": "d", "mountPath": "/d"}]}, "trial.volumes[0]", "give one of `persistentVolumeClaim`"),
        ({"volumes": [{"name": "podium-tmp", "mountPath": "/d", "emptyDir": {}}]}, "trial.volumes[0]", "Podium's own"),
        ({"rungs": {"smal": {}}}, "trial.rungs.smal", "did you mean 'small'?"),
        ({"rungs": {"small": {"imag": "x"}}}, "trial.rungs.small.imag", "did you mean 'image'?"),
        ({"affinity": {"nodeAffinity": {"required": {}}}}, "trial.affinity.nodeAffinity.required", "requiredDuring"),
    ],
)
def test_a_wrong_key_or_value_is_told_when_the_experiment_is_created(
    trial: dict[str, Any], path: str, allowed: str
) -> None:
    with pytest.raises(SpecRejected) as rejected:
        parse_spec(spec_document(trial={"command": ["true"], **trial}))
    [fault] = rejected.value.faults
    assert fault.path == path
    assert allowed in fault.allowed


def test_rungs_without_names_cannot_have_pods_of_their_own() -> None:
    document = spec_document(fidelity={"min": 1, "max": 9}, trial={"command": ["true"], "rungs": {"r1": {}}})
    with pytest.raises(SpecRejected, match=r"trial\.rungs\.r1"):
        parse_spec(document)


def shape(**keys: Any) -> PodShape:
    return PodShape.model_validate(keys)


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (17179869184, "17179869184"),
        (17179869184.0, "17179869184"),
        (2, "2"),
        (4.0, "4"),
        (0.1234567, "0.1234567"),
        (0.00001, "0.00001"),
        (1e22, "1" + 22 * "0"),
        (0, "0"),
    ],
)
def test_a_number_keeps_every_digit_as_a_quantity(number: float, written: str) -> None:
    assert shape(resources={"limits": {"memory": number}}).resources.limits == {"memory": written}  # type: ignore[union-attr]  # just given


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1, -0.5])
def test_a_number_that_is_no_amount_is_refused(number: float) -> None:
    with pytest.raises(ValidationError):
        shape(resources={"limits": {"memory": number}})


def test_devices_may_be_asked_for_as_much_as_they_are_limited() -> None:
    shape(resources={"requests": {"nvidia.com/gpu": "2"}, "limits": {"nvidia.com/gpu": 2, "hugepages-2Mi": "4Mi"}})
    shape(volumes=[{"name": "d", "mountPath": "/d", "subPath": "a..b/c", "emptyDir": {}}])


def test_where_a_pod_caches_images_is_its_own_to_say() -> None:
    assert shape(env={"PODIUM_CACHE_DIR": "/cache", "PODIUM_CACHE_GIGABYTES": "5"}).env["PODIUM_CACHE_DIR"] == "/cache"


def test_what_lies_over_wins_key_by_key_and_env_and_volumes_are_merged() -> None:
    scratch = {"name": "scratch", "mountPath": "/scratch", "emptyDir": {}}
    data = {"name": "data", "mountPath": "/data", "emptyDir": {}}
    cars = {"name": "cars", "mountPath": "/data", "persistentVolumeClaim": {"claimName": "cars"}}
    under = shape(image="a:1", queue="q", env={"A": "1", "B": "1"}, volumes=[scratch, data])
    over = shape(image="b:1", env={"B": "2"}, volumes=[cars])
    both = laid_over(under, over)
    assert (both.image, both.queue, both.env) == ("b:1", "q", {"A": "1", "B": "2"})
    assert [volume.name for volume in both.volumes] == ["scratch", "cars"], "one mount path has one volume"
    assert laid_over(under, PodShape()) == under


@pytest.mark.parametrize(
    ("quantity", "units"), [("500m", 0.5), ("2", 2), ("1Ki", 1024), ("1.5Gi", 1.5 * 2**30), ("4G", 4e9)]
)
def test_a_quantity_is_counted_in_units(quantity: str, units: float) -> None:
    assert float(amount(quantity)) == units


def test_more_memory_is_never_less() -> None:
    assert times("1Gi", 1.5) == "1536Mi"
    assert amount(times("1000000001", 1.0001)) >= amount("1000000001")
    with pytest.raises(ValueError, match="no quantity"):
        amount("much")
