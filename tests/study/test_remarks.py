"""What is missing is said in words, in every format, and never a crash."""

from typing import Any

import pytest

from controller.study.facts import Held
from controller.study.page import page_of
from podium.study import StudyReport
from podium.study_markdown import markdown_of
from podium.taxonomy import EndReason, ExperimentState, TrialState
from tests.study.arms import a_report, a_run, a_trial, an_arm

RUNNING: dict[str, Any] = {"state": ExperimentState.RUNNING, "message": "", "ended_at": None}
FAILED: dict[str, Any] = {
    "trials": {TrialState.FAILED: 2},
    "runs": (a_run(1, reached_epochs=0, end_reason=EndReason.INFEASIBLE),) * 2,
    "baseline": a_trial(1, None, state=TrialState.FAILED),
    "best": None,
}
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "nothing ran": (
        RUNNING | {"runs": (), "trials": {}, "baseline": None, "best": None},
        "Nothing has run yet",
    ),
    "still running": (RUNNING, "The search is running: all figures are as they stand now"),
    "paused": ({"state": ExperimentState.PAUSED, "ended_at": None}, "The search is paused: all figures are as they"),
    "no baseline": ({"baseline": None}, "There is no baseline, hence no gain: the spec asks for none"),
    "baseline runs": (
        {"baseline": a_trial(1, 0.4, state=TrialState.RUNNING)},
        "The baseline (trial 1) is running, not trained in full: no gain",
    ),
    "all failed": (
        FAILED,
        "No trial was trained in full. Trials: 2 failed; the commonest end of a run: infeasible",
    ),
    "thresholds missed": (
        {"spec": {"thresholds": [{"metric": "m", "at_most": 1}]}, "best": None},
        "No trial was trained in full and kept to the thresholds.",
    ),
    "baseline misses a threshold": (
        {"baseline": a_trial(1, 0.5, meets_thresholds=False)},
        "The baseline (trial 1) does not keep to the thresholds",
    ),
    "several objectives": (
        {"spec": {"other_objectives": [{"metric": "latency", "direction": "minimize"}]}},
        "The best is that of the first objective; the Pareto front with latency is larger",
    ),
    "partly priced": (
        {"runs": (a_run(1, held=Held(hours=4, money=2.0)), a_run(2, held=Held(hours=1.5, unpriced_hours=1.5)))},
        "1.5 hours have no price: the money told is for the others",
    ),
}


@pytest.mark.parametrize(("changes", "said"), CASES.values(), ids=CASES)
def test_it_is_said_in_words(changes: dict[str, Any], said: str) -> None:
    report = a_report(an_arm(**changes))
    assert any(remark.startswith(said) for remark in report.arms[0].remarks)
    assert StudyReport.model_validate_json(report.model_dump_json()) == report
    assert said in " ".join(markdown_of(report).split()).replace("\\", "")
    assert said in page_of(report).html


def test_a_report_with_nothing_amiss_has_no_remarks() -> None:
    report = a_report()
    assert (report.remarks, report.arms[0].remarks) == ([], [])


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("", "completed"),
        ("the budget is spent", "completed: the budget is spent"),
        ("completed by hand", "completed by hand"),
    ],
)
def test_the_status_says_the_state_once(message: str, status: str) -> None:
    assert a_report(an_arm(message=message)).arms[0].status == status
