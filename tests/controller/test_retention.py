"""Whose checkpoints may go: the rule by itself."""

from datetime import UTC, datetime, timedelta

import pytest

from controller.retention import STRAGGLERS, Fate, Lineage, Rule, Stored, fate_of, once_removed
from podium.taxonomy import TrialState

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ENDED = (TrialState.COMPLETED, TrialState.STOPPED, TrialState.FAILED)


def lineage(state: TrialState, *, is_best: bool = False, is_over: bool = False) -> Lineage:
    return Lineage(state=state, stored=Stored.KEPT, is_best=is_best, is_over=is_over, ended_at=NOW)


@pytest.mark.parametrize("is_over", [False, True])
@pytest.mark.parametrize("rule", ["best", "last", "none"])
def test_what_runs_keeps_its_checkpoints_under_every_rule(rule: Rule, is_over: bool) -> None:
    assert fate_of(lineage(TrialState.RUNNING, is_over=is_over), rule) is Fate.NEEDED


@pytest.mark.parametrize(("rule", "fate"), [("best", Fate.GOES), ("last", Fate.STAYS), ("none", Fate.GOES)])
def test_a_paused_trial_follows_the_rule_once_its_experiment_is_over(rule: Rule, fate: Fate) -> None:
    assert fate_of(lineage(TrialState.PAUSED), rule) is Fate.NEEDED
    assert fate_of(lineage(TrialState.PAUSED, is_over=True), rule) is fate


@pytest.mark.parametrize("state", ENDED)
@pytest.mark.parametrize(
    ("rule", "best", "other"),
    [
        ("best", Fate.NEEDED, Fate.GOES),
        ("last", Fate.STAYS, Fate.STAYS),
        ("none", Fate.GOES, Fate.GOES),
    ],
)
def test_an_ended_trial_follows_the_rule_at_once(rule: Rule, best: Fate, other: Fate, state: TrialState) -> None:
    assert fate_of(lineage(state, is_best=True), rule) is best
    assert fate_of(lineage(state), rule) is other


def test_the_best_stays_for_good_once_no_other_can_displace_it() -> None:
    assert fate_of(lineage(TrialState.COMPLETED, is_best=True, is_over=True), "best") is Fate.STAYS


@pytest.mark.parametrize(
    ("stored", "passed", "noted"),
    [
        (Stored.KEPT, timedelta(0), Stored.REMOVED),
        (Stored.REMOVED, STRAGGLERS - timedelta(seconds=1), None),
        (Stored.REMOVED, STRAGGLERS, Stored.GONE),
        (Stored.KEPT, STRAGGLERS, Stored.GONE),
        (Stored.GONE, 9 * STRAGGLERS, None),
    ],
)
def test_what_was_removed_early_is_looked_for_once_more(
    stored: Stored, passed: timedelta, noted: Stored | None
) -> None:
    assert once_removed(stored, NOW, NOW + passed) is noted
