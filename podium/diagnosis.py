"""What is well with an installation and what is not, as `podium doctor` and GET /api/v1/doctor say it."""

from collections.abc import Sequence
from enum import StrEnum

from podium.contract import Contract


class Verdict(StrEnum):
    OK = "ok"
    UNKNOWN = "unknown"
    """It could not be looked at, which is no fault by itself."""
    WARNING = "warning"
    FAILED = "failed"


class Finding(Contract):
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""
    """What to do; empty where nothing is to be done."""


class Diagnosis(Contract):
    findings: list[Finding]


def has_failed(findings: Sequence[Finding]) -> bool:
    return any(finding.verdict is Verdict.FAILED for finding in findings)
