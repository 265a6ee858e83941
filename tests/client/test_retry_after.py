"""How the header is read, in each of its forms."""

from datetime import UTC, datetime

import pytest

from podium.exchange import retry_after_seconds

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("2", 2.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("inf", 0.0),
        ("nan", 0.0),
        ("soon", 0.0),
        ("", 0.0),
        ("Mon, 23 Nov 2026 12:01:30 GMT", 90.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
    ],
)
def test_seconds_and_dates_are_read_and_nonsense_is_none(given: str, seconds: float) -> None:
    assert retry_after_seconds({"Retry-After": given}, NOW) == seconds


def test_without_the_header_nothing_is_asked_for() -> None:
    assert retry_after_seconds({}, NOW) == 0.0
