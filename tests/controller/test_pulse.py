"""What wakes the reconciler's loop, and when."""

import time

import pytest

from controller import pulse
from controller.pulse import Wake


def test_what_is_not_urgent_wakes_after_a_moment() -> None:
    wake, began = Wake(), time.monotonic()
    wake.soon()
    wake.wait(60)
    assert time.monotonic() - began >= pulse.SOON_SECONDS


def test_what_is_urgent_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "SOON_SECONDS", 1e6)  # were it waited for, this test would not end
    wake = Wake()
    wake.soon()
    wake.set()
    wake.wait(1e6)
    wake.clear()
    wake.set()
    wake.soon()
    wake.wait(1e6)


def test_cleared_it_waits_again_as_long_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "SOON_SECONDS", 1e6)
    wake, began = Wake(), time.monotonic()
    wake.set()
    assert wake.clear() is not None
    assert wake.clear() is None
    wake.soon()
    wake.wait(0.05)
    assert time.monotonic() - began >= 0.05
