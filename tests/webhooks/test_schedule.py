"""When a notice is sent again."""

from datetime import UTC, datetime, timedelta

import pytest

from controller.webhooks.schedule import LONGEST_REST, PAUSES, Answer, after

NOW = datetime(2026, 11, 27, tzinfo=UTC)


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_an_address_that_took_it_is_left_alone(status: int) -> None:
    following = after(Answer(status=status), 1, NOW)
    assert following.is_delivered
    assert following.again_at is None
    assert following.rests_until is None


@pytest.mark.parametrize("status", [301, 404, 500, None])
def test_what_failed_is_sent_again_later_each_time_and_then_no_more(status: int | None) -> None:
    found = [after(Answer(status=status, trouble="refused"), attempt, NOW) for attempt in range(1, len(PAUSES) + 2)]
    assert [each.again_at for each in found] == [*(NOW + pause for pause in PAUSES), None]
    assert not any(each.is_delivered for each in found)
    assert found[-1].detail.startswith(f"given up after {len(PAUSES) + 1} attempts")
    assert sum(PAUSES, timedelta()) > timedelta(days=3), "a weekend without the address loses nothing"


def test_one_failure_holds_up_the_others_for_minutes_not_for_hours() -> None:
    assert after(Answer(status=500), 1, NOW).rests_until == NOW + PAUSES[0]
    assert after(Answer(status=500), 6, NOW).rests_until == NOW + LONGEST_REST


def test_an_address_that_asks_for_time_gets_it_within_reason() -> None:
    asked = after(Answer(status=429, retry_after=timedelta(hours=1)), 1, NOW)
    assert asked.again_at == asked.rests_until == NOW + timedelta(hours=1)
    greedy = after(Answer(status=503, retry_after=timedelta(days=400)), 1, NOW)
    assert greedy.again_at == NOW + PAUSES[-1]


def test_an_address_that_is_gone_hears_nothing_more() -> None:
    following = after(Answer(status=410), 1, NOW)
    assert following.is_gone
    assert following.again_at is None
