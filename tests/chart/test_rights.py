"""What a release may do with the Kubernetes API: in its namespace, by the reconciler, and no verb more than here."""

import pytest

from tests.chart.rendering import RENDERINGS, of_kind, only, rendered

RIGHTS = {
    ("batch", "jobs"): {"get", "list", "watch", "create", "delete"},
    ("", "pods"): {"get", "list", "watch"},
    ("", "pods/log"): {"get"},
    ("", "secrets"): {"create"},
    ("", "events"): {"create"},
}


@pytest.mark.parametrize("values", RENDERINGS)
def test_nothing_reaches_beyond_the_namespace(values: str) -> None:
    kinds = {one["kind"] for one in rendered(values)}
    assert not kinds & {"ClusterRole", "ClusterRoleBinding", "Namespace", "PersistentVolume", "PriorityClass"}
    assert {one["metadata"]["namespace"] for one in rendered(values)} == {"podium"}


def test_the_role_says_each_verb_and_no_other() -> None:
    found: dict[tuple[str, str], set[str]] = {}
    for rule in only(rendered(), "Role", "podium-reconciler")["rules"]:
        if "resourceNames" in rule:
            continue
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                found[group, resource] = set(rule["verbs"])
    assert found == RIGHTS


def test_of_deployments_the_reconciler_reads_its_own_alone() -> None:
    rules = only(rendered(), "Role", "podium-reconciler")["rules"]
    assert [rule for rule in rules if "resourceNames" in rule] == [
        {"apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["podium-reconciler"], "verbs": ["get"]}
    ]
    (pod,) = only(rendered(), "Deployment", "podium-reconciler")["spec"]["template"]["spec"]["containers"]
    assert {"name": "PODIUM_OWNER", "value": "podium-reconciler"} in pod["env"]


@pytest.mark.parametrize("values", RENDERINGS)
def test_the_reconciler_alone_has_rights(values: str) -> None:
    (role,) = of_kind(rendered(values), "Role")
    (binding,) = of_kind(rendered(values), "RoleBinding").values()
    assert binding["roleRef"]["name"] == role
    (subject,) = binding["subjects"]
    assert (subject["kind"], subject["name"]) == ("ServiceAccount", role)
