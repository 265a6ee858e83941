"""Arms of a study that tests need, each made whole by one call."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from controller.study.assembly import Edition, study_report
from controller.study.facts import ArmFacts, FullResults, Held, RunFacts, TrialFacts
from podium.faults import parse_spec
from podium.results import Summary
from podium.study import StudyReport
from podium.taxonomy import EndReason, ExperimentState, TrialState
from tests.builders import spec_document
from tests.results import a_summary

BORN = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOW = BORN + timedelta(hours=10)
EDITION = Edition(now=NOW, podium_version="0.1.0")
PNG = b"\x89PNG\r\n\x1a\n..."


def a_run(trial: int = 1, to: int = 4, **changes: Any) -> RunFacts:
    """Return a run that trained from the start to its end, an hour for each epoch."""
    known: dict[str, Any] = {
        "trial": trial,
        "rung": {1: "small", 2: "medium", 4: "full"}[to],
        "from_epochs": 0,
        "to_epochs": to,
        "reached_epochs": to,
        "end_reason": EndReason.SUCCEEDED,
    } | changes
    trained = float(known["reached_epochs"] - known["from_epochs"])
    took: dict[str, Any] = {"training_hours": trained, "held": Held(hours=trained)}
    return RunFacts(**took | known)


def a_trial(number: int = 1, value: float | None = 0.5, **changes: Any) -> TrialFacts:
    plain: dict[str, Any] = {
        "number": number,
        "state": TrialState.COMPLETED,
        "configuration": {"learning_rate": 0.1, "batch_size": 64, "nesterov": False},
        "value": value,
        "metrics": {},
    }
    return TrialFacts(**plain | changes)


def an_arm(spec: Mapping[str, Any] | None = None, **changes: Any) -> ArmFacts:
    """Return an arm with a baseline at .5 and a best at .6, each one run of four hours, two slots side by side."""
    document = spec_document(**(spec or {}))
    plain: dict[str, Any] = {
        "id": "tiny-abcd",
        "name": "tiny",
        "state": ExperimentState.COMPLETED,
        "message": "the budget is spent",
        "spec": parse_spec(document),
        "spec_document": document,
        "created_at": BORN,
        "ended_at": BORN + timedelta(hours=4),
        "trials": {TrialState.COMPLETED: 2},
        "runs": (a_run(1), a_run(2)),
        "baseline": a_trial(1, 0.5),
        "best": a_trial(2, 0.6),
    }
    return ArmFacts(**plain | changes)


def with_results(**changes: Any) -> FullResults:
    summary: Summary = a_summary(**changes)
    return FullResults(summary=summary, pictures={each.file: PNG for each in summary.mistakes})


def a_report(*arms: ArmFacts, results: Mapping[tuple[str, int], FullResults | str] | None = None) -> StudyReport:
    return study_report(arms or [an_arm()], results or {}, EDITION)
