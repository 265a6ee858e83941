"""Whether volume claims get their volumes: claims and StorageClasses, as far as they may be looked at.

The chart's Role allows neither, and Podium needs neither; an operator's own kubeconfig does.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from controller.kubernetes.api import Api, Json, Refused, Unanswered
from podium.diagnosis import Finding, Verdict

CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
DEFAULT = "storageclass.kubernetes.io/is-default-class"
FORBIDDEN = "Podium may not list {what}, and does not need to; kubectl get {what} shows them"


def claims_of(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"


def listed(api: Api, path: str) -> Sequence[Json] | str:
    """Return what there is, or why that cannot be told."""
    try:
        items: Sequence[Json] = api.get(path).get("items") or []
    except Refused as error:
        what = path.rpartition("/")[2]
        return FORBIDDEN.format(what=what) if error.status == HTTPStatus.FORBIDDEN else str(error)
    except Unanswered as error:
        return str(error)
    return items


def storage_finding(claims: Sequence[Json] | str, classes: Sequence[Json] | str) -> Finding:
    """Say what keeps a claim of the namespace from its volume."""
    if isinstance(claims, str):
        return Finding(name="storage", verdict=Verdict.UNKNOWN, found=claims)
    known = None if isinstance(classes, str) else {_name(each): each for each in classes}
    for claim in claims:
        if (finding := _trouble(claim, known)) is not None:
            return finding
    named = sorted(_name(each) for each in (known or {}).values() if _is_default(each))
    default = f"the default StorageClass is {', '.join(named)}" if named else "no StorageClass is the default"
    told = "StorageClasses may not be looked at" if known is None else default
    found = f"{len(claims)} volume claims are bound, or wait for their first Pod; {told}"
    return Finding(name="storage", verdict=Verdict.OK, found=found)


def _trouble(claim: Json, classes: Mapping[str, Json] | None) -> Finding | None:
    """Return what is wrong with a claim, if anything is."""
    name, phase = _name(claim), (claim.get("status") or {}).get("phase")
    wanted = (claim.get("spec") or {}).get("storageClassName")
    if phase == "Lost":
        remedy = "its PersistentVolume is gone: restore it, or delete the claim and install anew"
        return Finding(
            name="storage", verdict=Verdict.FAILED, found=f"the volume of claim {name} is lost", remedy=remedy
        )
    if phase != "Pending":
        return None
    if classes is None:
        remedy = f"kubectl describe pvc {name} says why"
        return Finding(name="storage", verdict=Verdict.WARNING, found=f"claim {name} waits for a volume", remedy=remedy)
    if wanted is None and not any(map(_is_default, classes.values())):
        found = f"claim {name} names no StorageClass, and none is the default"
        remedy = "set `storageClass` of the volume in the chart's values, or make one the default"
        return Finding(name="storage", verdict=Verdict.FAILED, found=found, remedy=remedy)
    if wanted and wanted not in classes:
        found = f"claim {name} wants the StorageClass {wanted}, which is not there"
        remedy = f"set `storageClass` to one of {', '.join(sorted(classes)) or 'none: install a provisioner first'}"
        return Finding(name="storage", verdict=Verdict.FAILED, found=found, remedy=remedy)
    if wanted and classes[wanted].get("volumeBindingMode") == "WaitForFirstConsumer":
        return None
    remedy = f"kubectl describe pvc {name} says why; see that the provisioner of its StorageClass runs"
    return Finding(name="storage", verdict=Verdict.WARNING, found=f"claim {name} waits for a volume", remedy=remedy)


def _name(found: Json) -> str:
    return str((found.get("metadata") or {}).get("name"))


def _is_default(found: Json) -> bool:
    return ((found.get("metadata") or {}).get("annotations") or {}).get(DEFAULT) == "true"
