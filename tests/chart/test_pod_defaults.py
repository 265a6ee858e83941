"""What the chart tells the controller: variables that it reads, and defaults of trials that it accepts."""

import pytest
from ruamel.yaml import YAML

from controller.settings import Settings
from podium.pod import PodShape, Volume
from tests.chart.rendering import RENDERINGS, containers, of_kind, only, pods, rendered


def pod_defaults(values: str = "defaults", *sets: str) -> PodShape:
    objects = rendered(values, *(word for one in sets for word in ("--set", one)))
    (found,) = (one for name, one in of_kind(objects, "ConfigMap").items() if name.endswith("-pod-defaults"))
    return PodShape.model_validate(YAML(typ="safe").load(found["data"]["pod-defaults.yaml"]))


@pytest.mark.parametrize("values", RENDERINGS)
def test_the_controller_accepts_the_defaults(values: str) -> None:
    assert pod_defaults(values).serviceAccountName in {"podium-worker", "trainer"}


def test_the_defaults_hold_the_checkpoints_volume() -> None:
    (volume,) = pod_defaults().volumes
    assert (volume.mountPath, volume.readOnly, claim(volume)) == ("/artifacts", False, "podium-artifacts")
    spec = only(rendered(), "Deployment", "podium-reconciler")["spec"]["template"]["spec"]
    assert {"name": "artifacts", "mountPath": "/artifacts"} in spec["containers"][0]["volumeMounts"]
    assert {"name": "artifacts", "persistentVolumeClaim": {"claimName": "podium-artifacts"}} in spec["volumes"]


def test_data_sets_and_weights_are_read_only() -> None:
    found = pod_defaults("defaults", "datasets.enabled=true", "weights.enabled=true", "weights.existingClaim=imagenet")
    mounts = {volume.mountPath: (volume.readOnly, claim(volume)) for volume in found.volumes}
    assert mounts == {
        "/artifacts": (False, "podium-artifacts"),
        "/datasets": (True, "podium-datasets"),
        "/weights": (True, "imagenet"),
    }
    assert found.env == {"TORCH_HOME": "/weights"}


def test_an_object_store_needs_no_volume_but_credentials() -> None:
    found = pod_defaults("external-database", "datasets.enabled=false", "weights.enabled=false")
    assert found.volumes == []
    assert found.envFrom is not None
    assert [one.secretRef.name for one in found.envFrom if one.secretRef] == ["object-store"]
    spec = only(rendered("external-database"), "Deployment", "podium-reconciler")["spec"]["template"]["spec"]
    assert spec["containers"][0]["envFrom"] == [{"secretRef": {"name": "object-store"}}]
    assert all("persistentVolumeClaim" not in volume for volume in spec["volumes"])


@pytest.mark.parametrize("values", RENDERINGS)
def test_the_api_reads_the_store_that_the_reconciler_removes_from(values: str) -> None:
    """It shows results: the same volume, but read-only, or the same variables and credentials."""
    api, reconciler = (
        next(one for name, one in of_kind(rendered(values), "Deployment").items() if name.endswith(end))["spec"][
            "template"
        ]["spec"]
        for end in ("-api", "-reconciler")
    )
    volumes = [one for one in reconciler["volumes"] if one["name"] == "artifacts"]
    assert [one for one in api["volumes"] if one["name"] not in ("tmp", "pod-defaults", "oidc")] == volumes
    [mine], [theirs] = api["containers"], reconciler["containers"]
    [mounted] = [one for one in mine["volumeMounts"] if one["name"] == "artifacts"] or [None]
    if mounted is not None:
        assert mounted["readOnly"]
        assert {**mounted, "readOnly": False} in [{"readOnly": False, **one} for one in theirs["volumeMounts"]]
    assert mine.get("envFrom") == theirs.get("envFrom")
    assert all(("AWS_REGION" in str(one["env"])) == (values == "all-values") for one in (mine, theirs))


@pytest.mark.parametrize("values", RENDERINGS)
def test_the_api_knows_the_pods_that_the_reconciler_makes(values: str) -> None:
    """`podium evaluate --manifest` prints a Job like theirs."""
    deployments = of_kind(rendered(values), "Deployment")
    api, reconciler = (
        next(one for name, one in deployments.items() if name.endswith(end))["spec"]["template"]["spec"]
        for end in ("-api", "-reconciler")
    )
    names = ("PODIUM_WORKER_IMAGE", "PODIUM_POD_DEFAULTS")
    told = [
        [variable for variable in pod["containers"][0]["env"] if variable["name"] in names]
        + [one for one in pod["containers"][0]["volumeMounts"] if one["name"] == "pod-defaults"]
        + [one for one in pod["volumes"] if one["name"] == "pod-defaults"]
        for pod in (api, reconciler)
    ]
    assert len(told[0]) == 4
    assert told[0] == told[1]


def test_the_reconciler_has_the_object_stores_variables() -> None:
    (container,) = only(rendered("all-values"), "Deployment", "tuning-reconciler")["spec"]["template"]["spec"][
        "containers"
    ]
    assert {"name": "AWS_REGION", "value": "eu-central-1"} in container["env"]


def test_what_the_values_give_is_laid_over_what_the_chart_has() -> None:
    found = pod_defaults("all-values")
    assert found.imagePullPolicy == "IfNotPresent"
    assert [volume.name for volume in found.volumes] == ["artifacts", "datasets", "weights", "scratch"]
    assert found.env == {"AWS_REGION": "eu-central-1", "OMP_NUM_THREADS": "4", "TORCH_HOME": "/models"}
    assert found.envFrom is not None
    assert [one.secretRef is not None for one in found.envFrom] == [True, False]


@pytest.mark.parametrize("values", RENDERINGS)
def test_every_variable_is_one_that_the_controller_reads(values: str) -> None:
    known = {f"PODIUM_{name.upper()}" for name in Settings.model_fields}
    for name, pod in pods(rendered(values)):
        if name.startswith("Pod "):
            continue  # the command line's: `helm test`
        given = {variable["name"] for one in containers(pod) for variable in one.get("env", [])}
        assert {variable for variable in given if variable.startswith("PODIUM_")} <= known, name


def test_kubelet_and_prometheus_reach_what_listens() -> None:
    """Both listen on all addresses: the controller's default is the loopback address."""
    for component in ("api", "reconciler"):
        (container,) = only(rendered(), "Deployment", f"podium-{component}")["spec"]["template"]["spec"]["containers"]
        assert {"name": "PODIUM_HOST", "value": "0.0.0.0"} in container["env"]


def test_workers_find_the_api_in_whatever_namespace_it_is() -> None:
    """The variable is filled in by the kubelet, so that an overlay may set another namespace."""
    (container,) = only(rendered(), "Deployment", "podium-reconciler")["spec"]["template"]["spec"]["containers"]
    names = [variable["name"] for variable in container["env"]]
    url = next(variable["value"] for variable in container["env"] if variable["name"] == "PODIUM_WORKER_URL")
    assert url == "http://podium-api.$(PODIUM_NAMESPACE).svc:8080"
    assert names.index("PODIUM_NAMESPACE") < names.index("PODIUM_WORKER_URL")
    (port,) = only(rendered(), "Service", "podium-api")["spec"]["ports"]
    assert port["port"] == 8080


def claim(volume: Volume) -> str | None:
    return volume.persistentVolumeClaim.claimName if volume.persistentVolumeClaim else None
