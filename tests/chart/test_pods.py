"""Pods: under the Pod Security Standard `restricted`, with known resources, restarted by what concerns them."""

import pytest

from tests.chart.rendering import CHART, CI, RENDERINGS, Object, containers, helm, of_kind, only, parsed, pods, rendered
from tests.chart.restricted import restricted_faults

OUTSIDE = {  # what the values name, which exists before the release
    "defaults": set(),
    "all-values": {"object-store", "podium-keys", "stanford-cars", "tuning-client", "corporate-certificates"},
    "existing-claims": {"postgres-password", "postgres-data", "checkpoints"},
    "external-database": {"podium-database", "podium-keys", "object-store", "imagenet-weights"},
}


@pytest.mark.parametrize("values", RENDERINGS)
def test_every_pod_is_restricted(values: str) -> None:
    """Those of hooks, of `helm test` and of PostgreSQL, too."""
    found = list(pods(rendered(values)))
    assert [(name, fault) for name, pod in found for fault in restricted_faults(pod)] == []
    assert len(found) >= 4


def test_a_pod_that_is_not_restricted_would_be_seen() -> None:
    pod: Object = {
        "spec": {"hostNetwork": True, "containers": [{"name": "c"}], "volumes": [{"name": "v", "hostPath": {}}]}
    }
    assert restricted_faults(pod) == [
        "hostNetwork",
        "volume v is a hostPath",
        "no seccomp profile",
        "c may run as root",
        "c may escalate privileges",
        "c keeps capabilities",
    ]


@pytest.mark.parametrize("values", RENDERINGS)
def test_every_container_has_a_read_only_root_and_resources(values: str) -> None:
    for name, pod in pods(rendered(values)):
        for container in containers(pod):
            where = f"{name}, container {container['name']}"
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, where
            for which in ("requests", "limits"):
                assert {"cpu", "memory"} <= set(container["resources"][which]), where


@pytest.mark.parametrize("values", RENDERINGS)
def test_every_container_that_serves_is_probed(values: str) -> None:
    for name, pod in pods(rendered(values)):
        if name.startswith(("Deployment", "StatefulSet")):
            (container,) = pod["spec"]["containers"]
            assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container), name


def test_all_but_postgres_run_as_a_user_that_no_node_knows() -> None:
    users = {name: pod["spec"]["securityContext"]["runAsUser"] for name, pod in pods(rendered())}
    assert users.pop("StatefulSet podium-postgres") == 999
    assert set(users.values()) == {65532}


@pytest.mark.parametrize("values", RENDERINGS)
def test_only_the_reconciler_has_a_token_of_kubernetes(values: str) -> None:
    prefix = "tuning" if values == "all-values" else "podium"
    with_token = {name for name, pod in pods(rendered(values)) if pod["spec"]["automountServiceAccountToken"]}
    assert with_token == {f"Deployment {prefix}-reconciler"}
    accounts = of_kind(rendered(values), "ServiceAccount").values()
    assert {one["automountServiceAccountToken"] for one in accounts} == {False}


@pytest.mark.parametrize("values", RENDERINGS)
def test_whatever_a_pod_refers_to_is_there(values: str) -> None:
    objects = rendered(values)
    there = {(one["kind"], one["metadata"]["name"]) for one in objects}
    for name, pod in pods(objects):
        missing = {
            (kind, ref) for kind, ref in _references(pod) if (kind, ref) not in there and ref not in OUTSIDE[values]
        }
        assert missing == set(), name


@pytest.mark.parametrize("values", RENDERINGS)
def test_every_object_has_the_six_labels(values: str) -> None:
    wanted = {
        f"app.kubernetes.io/{key}" for key in ("name", "instance", "version", "component", "part-of", "managed-by")
    }
    for one in rendered(values):
        assert wanted <= set(one["metadata"]["labels"]), one["metadata"]["name"]
    for name, pod in pods(rendered(values)):
        assert wanted <= set(pod["metadata"]["labels"]), name


def test_new_defaults_of_trials_restart_who_reads_them() -> None:
    before, after = rendered(), rendered("defaults", "--set", "worker.defaults.queue=research")
    for kind, name, restarts in (
        ("Deployment", "podium-api", True),
        ("Deployment", "podium-reconciler", True),
        ("StatefulSet", "podium-postgres", False),
    ):
        templates = [only(objects, kind, name)["spec"]["template"] for objects in (before, after)]
        assert (templates[0] != templates[1]) is restarts, name


def test_a_new_podium_does_not_restart_the_database() -> None:
    before, after = rendered(), rendered("defaults", "--set", "image.tag=9.9")
    assert only(before, "StatefulSet", "podium-postgres") == only(after, "StatefulSet", "podium-postgres")


def test_the_api_ends_without_dropping_a_request() -> None:
    """It goes on serving while nodes learn that it leaves, and the next one serves before it leaves."""
    deployment = only(rendered("defaults", "--set", "api.drainSeconds=7"), "Deployment", "podium-api")["spec"]
    assert deployment["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    pod = deployment["template"]["spec"]
    assert pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"] == ["sleep", "7"]
    assert pod["terminationGracePeriodSeconds"] > 7 + 5


@pytest.mark.parametrize(("release", "override"), [("r" * 53, ""), ("podium", "r" * 43)])
def test_names_fit_into_a_label_for_the_longest_release(release: str, override: str) -> None:
    """So do those made of a StatefulSet's: the label controller-revision-hash of its Pods, and its claim."""
    words = ("--values", str(CI / "all-values.yaml"), "--set", f"fullnameOverride={override}")
    objects = parsed(helm("template", release, str(CHART), *words).stdout)
    names = [one["metadata"]["name"] for one in objects]
    (database,) = of_kind(objects, "StatefulSet")
    assert database == "r" * 43 + "-postgres"
    assert [name for name in (*names, f"{database}-6d8f7c9b5d", f"data-{database}-0") if len(name) > 63] == []


def test_images_are_named_by_digest_before_tag() -> None:
    digest = "sha256:" + "0" * 64
    sets = ("image.registry=ghcr.io/acme", "image.tag=2", f"image.digest={digest}", "postgres.image.tag=15")
    objects = rendered("defaults", *(word for one in sets for word in ("--set-string", one)))
    images = {container["image"] for _, pod in pods(objects) for container in containers(pod)}
    assert images == {f"ghcr.io/acme/podium-controller@{digest}", "docker.io/library/postgres:15"}


def _references(pod: Object) -> set[tuple[str, str]]:
    """Return kind and name of all that a Pod needs from its namespace."""
    spec = pod["spec"]
    found = {("ServiceAccount", spec["serviceAccountName"])}
    for volume in spec.get("volumes", []):
        if "persistentVolumeClaim" in volume:
            found.add(("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]))
        if "configMap" in volume:
            found.add(("ConfigMap", volume["configMap"]["name"]))
    for container in containers(pod):
        sources = [variable.get("valueFrom", {}) for variable in container.get("env", [])]
        found |= {("Secret", source["secretKeyRef"]["name"]) for source in sources if "secretKeyRef" in source}
        found |= {("Secret", source["secretRef"]["name"]) for source in container.get("envFrom", [])}
    return found
