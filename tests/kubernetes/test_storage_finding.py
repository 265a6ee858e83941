"""Volume claims that get no volume, and what the doctor says of them."""

import re
from typing import Any

import pytest

from controller.kubernetes.storage import DEFAULT, storage_finding
from podium.diagnosis import Verdict


def claim(phase: str, wanted: str | None = None) -> dict[str, Any]:
    return {"metadata": {"name": "artifacts"}, "spec": {"storageClassName": wanted}, "status": {"phase": phase}}


def storage_class(name: str, *, is_default: bool = False, mode: str = "Immediate") -> dict[str, Any]:
    annotations = {DEFAULT: "true"} if is_default else {}
    return {"metadata": {"name": name, "annotations": annotations}, "volumeBindingMode": mode}


FAST = storage_class("fast")
LATE = storage_class("late", mode="WaitForFirstConsumer")
STANDARD = storage_class("standard", is_default=True)


@pytest.mark.parametrize(
    ("claims", "classes", "verdict", "says"),
    [
        ([claim("Bound", "fast")], [FAST, STANDARD], Verdict.OK, "1 volume claims are bound.* default .* standard"),
        ([claim("Bound", "fast")], [FAST], Verdict.OK, "no StorageClass is the default"),
        ([claim("Pending", "late")], [LATE], Verdict.OK, "wait for their first Pod"),
        ([], "forbidden", Verdict.OK, "may not be looked at"),
        ([claim("Lost")], [FAST], Verdict.FAILED, "claim artifacts is lost"),
        ([claim("Bound"), claim("Pending")], [FAST], Verdict.FAILED, "names no StorageClass, and none is the default"),
        ([claim("Pending", "nfs")], [FAST, LATE], Verdict.FAILED, "StorageClass nfs, which is not there"),
        ([claim("Pending", "fast")], [FAST], Verdict.WARNING, "waits for a volume"),
        ([claim("Pending")], [STANDARD], Verdict.WARNING, "waits for a volume"),
        ([claim("Pending", "nfs")], "forbidden", Verdict.WARNING, "waits for a volume"),
        ("Podium may not list them", [FAST], Verdict.UNKNOWN, "may not list them"),
    ],
)
def test_a_claim_without_its_volume_is_told_with_what_to_do(
    claims: Any, classes: Any, verdict: Verdict, says: str
) -> None:
    found = storage_finding(claims, classes)
    assert found.verdict is verdict
    assert re.search(says, found.found)
    assert bool(found.remedy) is (verdict in {Verdict.FAILED, Verdict.WARNING})
