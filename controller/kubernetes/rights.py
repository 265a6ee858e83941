"""What Podium may do with the cluster, asked of the cluster itself, and what the cluster has for its Pods."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus

from kubernetes.client import V1ResourceAttributes, V1SelfSubjectAccessReview, V1SelfSubjectAccessReviewSpec

from controller.kubernetes.api import Api, Refused, Unanswered
from controller.kubernetes.storage import CLASSES, claims_of, listed, storage_finding
from podium.diagnosis import Finding, Verdict

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
NODES = "/api/v1/nodes"
RIGHTS: Sequence[tuple[str, str, Sequence[str]]] = (
    ("batch", "jobs", ("get", "list", "watch", "create", "delete")),
    ("", "pods", ("get", "list", "watch")),
    ("", "pods/log", ("get",)),
    ("", "secrets", ("create",)),
    ("", "events", ("create",)),
)
"""Group, resource and verbs: the chart's Role of the reconciler, but for its own Deployment. A test compares them."""


def cluster_findings(api: Api) -> Iterator[Finding]:
    """Say whether the API server answers, what Podium may not do, and what devices the nodes have."""
    try:
        missing = [right for right in _rights() if not _is_allowed(api, *right)]
    except (Unanswered, Refused) as error:
        remedy = (
            "see that PODIUM_NAMESPACE and the kubeconfig or service account are right, and no NetworkPolicy cuts it"
        )
        yield Finding(name="cluster", verdict=Verdict.FAILED, found=str(error), remedy=remedy)
        return
    yield Finding(name="cluster", verdict=Verdict.OK, found=f"Kubernetes answers, namespace {api.namespace}")
    yield _rights_finding(missing)
    yield _devices_finding(api)
    yield storage_finding(listed(api, claims_of(api.namespace)), listed(api, CLASSES))


def _rights() -> Iterator[tuple[str, str, str]]:
    for group, resource, verbs in RIGHTS:
        for verb in verbs:
            yield group, resource, verb


def _is_allowed(api: Api, group: str, resource: str, verb: str) -> bool:
    name, _, part = resource.partition("/")
    asked = V1ResourceAttributes(
        namespace=api.namespace, group=group, resource=name, subresource=part or None, verb=verb
    )
    review = V1SelfSubjectAccessReview(
        api_version="authorization.k8s.io/v1",
        kind="SelfSubjectAccessReview",
        spec=V1SelfSubjectAccessReviewSpec(resource_attributes=asked),
    )
    status = api.post(REVIEWS, review).get("status") or {}
    return bool(status.get("allowed"))


def _rights_finding(missing: Sequence[tuple[str, str, str]]) -> Finding:
    if not missing:
        return Finding(name="rights", verdict=Verdict.OK, found="everything that Podium does is allowed")
    told = ", ".join(f"{verb} {resource}" for _, resource, verb in missing)
    remedy = "bind the chart's Role of the reconciler to its service account: helm upgrade does"
    return Finding(name="rights", verdict=Verdict.FAILED, found=f"not allowed: {told}", remedy=remedy)


def _devices_finding(api: Api) -> Finding:
    """Count devices, where nodes may be listed: the chart's Role does not allow it, and Podium does not need it."""
    try:
        nodes = api.get(NODES).get("items") or []
    except Refused as error:
        if error.status != HTTPStatus.FORBIDDEN:
            return Finding(name="devices", verdict=Verdict.UNKNOWN, found=str(error))
        found = "Podium may not list nodes, and does not need to; kubectl describe nodes shows their devices"
        return Finding(name="devices", verdict=Verdict.UNKNOWN, found=found)
    except Unanswered as error:
        return Finding(name="devices", verdict=Verdict.UNKNOWN, found=str(error))
    counted = devices([(node.get("status") or {}).get("allocatable") or {} for node in nodes])
    if not counted:
        found = f"{len(nodes)} nodes, and none has a device that a plugin tells of"
        remedy = "install the device plugin of the GPUs' maker, unless training on CPUs is meant"
        return Finding(name="devices", verdict=Verdict.WARNING, found=found, remedy=remedy)
    told = ", ".join(f"{count} {name}" for name, count in sorted(counted.items()))
    return Finding(name="devices", verdict=Verdict.OK, found=f"{told} on {len(nodes)} nodes")


def devices(allocatable: Sequence[Mapping[str, str]]) -> Mapping[str, int]:
    """Return how many there are of each extended resource, such as nvidia.com/gpu, over all nodes."""
    counted: dict[str, int] = {}
    for node in allocatable:
        for name, amount in node.items():
            if "/" in name and not name.startswith("kubernetes.io/") and amount.isdigit() and int(amount):
                counted[name] = counted.get(name, 0) + int(amount)
    return counted
