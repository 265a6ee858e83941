"""How a lease looks to the reconciler."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from controller.leases.lease import Lease, seen
from controller.plan import JobPhase, WaitsFor
from podium.taxonomy import EndReason

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
OFFERED = Lease(
    job="digits-k3f9-t1-e1-a1",
    offered_at=NOW - timedelta(hours=9),
    taken_at=None,
    seconds=None,
    holder="",
    exit_code=None,
    heard_at=None,
    is_reported=False,
)
TAKEN = replace(OFFERED, taken_at=NOW - timedelta(seconds=60), seconds=60.0, holder="slurm-7")


def test_what_nobody_has_asked_for_waits_and_has_not_started() -> None:
    job = seen(OFFERED, NOW)
    assert job.phase is JobPhase.ACTIVE
    assert job.started_at is None
    assert job.wait is not None
    assert job.wait.what is WaitsFor.ASKER


def test_what_is_taken_runs_until_its_lease_is_over() -> None:
    assert seen(TAKEN, NOW).phase is JobPhase.ACTIVE
    over = seen(TAKEN, NOW + timedelta(seconds=1))
    assert (over.phase, over.reason) == (JobPhase.FAILED, EndReason.PREEMPTED)
    assert over.words == "nothing was reported by slurm-7 for 60 s, as was agreed"


def test_every_report_prolongs_a_lease() -> None:
    heard = replace(TAKEN, heard_at=NOW)
    assert seen(heard, NOW + timedelta(seconds=60)).phase is JobPhase.ACTIVE
    assert seen(heard, NOW + timedelta(seconds=61)).phase is JobPhase.FAILED


def test_the_report_of_an_attempt_before_prolongs_nothing() -> None:
    late = replace(TAKEN, heard_at=NOW - timedelta(hours=1))
    assert seen(late, NOW).phase is JobPhase.ACTIVE


def test_what_was_given_up_has_its_exit_code_and_what_is_reported_is_over_well() -> None:
    assert seen(replace(TAKEN, exit_code=65), NOW).exit_code == 65
    assert seen(replace(TAKEN, is_reported=True), NOW + timedelta(days=1)).phase is JobPhase.SUCCEEDED
