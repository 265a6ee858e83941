"""Whose output is read, and when: rules of the watches and of now."""

from datetime import UTC, datetime, timedelta

from controller.onlookers import (
    AT_ONCE,
    EVERY,
    LAST_WORDS,
    LASTS,
    Watch,
    begun,
    due,
    jobs_to_watch,
    leaving,
    may_go,
    remaining,
    shown,
    watched,
)
from podium.taxonomy import AttemptState
from tests.cli.stand_in import a_run, an_attempt

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)
NOBODY: frozenset[str] = frozenset()


def test_what_has_a_job_is_watched() -> None:
    attempts = [an_attempt(number, state=state) for number, state in enumerate(AttemptState)]
    found = jobs_to_watch([a_run(attempts=attempts)])
    assert found == [each.job for each in attempts if each.state in (AttemptState.RUNNING, AttemptState.REPORTED)]


def test_a_job_is_read_at_once_and_then_every_two_seconds_however_often_it_is_asked_for() -> None:
    watches = watched({}, "a", NOW)
    assert due(watches, NOBODY, NOW) == ["a"]
    watches = watched(begun(watches, ["a"], NOW), "a", NOW + MOMENT)
    assert due(watches, NOBODY, NOW + EVERY - MOMENT) == []
    assert due(watches, NOBODY, NOW + EVERY) == ["a"]
    assert due(watches, {"a"}, NOW + 10 * EVERY) == [], "it is being read"


def test_a_watch_is_over_after_its_last_request() -> None:
    watches = watched(watched({}, "a", NOW), "a", NOW + EVERY)
    assert remaining(watches, NOW + EVERY + LASTS - MOMENT) == watches
    assert remaining(watches, NOW + EVERY + LASTS) == {}


def test_no_more_than_twenty_are_read_at_once_and_all_have_their_turn() -> None:
    watches: dict[str, Watch] = {}
    for number in range(AT_ONCE + 5):
        watches = watched(watches, f"job-{number:02}", NOW)
    first = due(watches, NOBODY, NOW)
    assert len(first) == AT_ONCE
    watches = begun(watches, first, NOW)
    assert due(watches, set(first), NOW + EVERY) == []
    assert len(due(watches, set(first[5:]), NOW + EVERY)) == 5
    second = due(watches, NOBODY, NOW + EVERY)
    assert second[:5] == sorted(watches.keys() - set(first))


def test_a_job_that_nobody_watches_may_go() -> None:
    watches = leaving({}, "a", NOW)
    assert watches == {}
    assert may_go(watches.get("a"), NOW)


def test_a_watched_job_may_go_once_it_was_read_after_it_was_to_go() -> None:
    watches = begun(watched({}, "a", NOW), ["a"], NOW)
    watches = leaving(watches, "a", NOW + MOMENT)
    assert not may_go(shown(watches, ["a"])["a"], NOW + MOMENT), "that read began before"
    assert due(watches, {"a"}, NOW + MOMENT) == []
    assert due(watches, NOBODY, NOW + MOMENT) == ["a"]
    watches = begun(watches, ["a"], NOW + 2 * MOMENT)
    assert due(watches, NOBODY, NOW + 3 * MOMENT) == []
    assert leaving(watches, "a", NOW + 3 * MOMENT) == watches, "it is leaving since it was first told to"
    assert may_go(shown(watches, ["a"])["a"], NOW + 3 * MOMENT)


def test_who_is_to_go_is_read_first_and_is_not_waited_for_for_ever() -> None:
    watches = watched(watched({}, "a", NOW), "b", NOW)
    watches = leaving(begun(watches, ["b"], NOW), "b", NOW + MOMENT)
    assert due(watches, NOBODY, NOW + MOMENT) == ["b", "a"]
    assert not may_go(watches["b"], NOW + LAST_WORDS)
    assert may_go(watches["b"], NOW + MOMENT + LAST_WORDS)
