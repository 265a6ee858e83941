"""What follows the end of an attempt."""

import pytest

from controller.endings import LONGEST_WAIT_SECONDS, EndRun, Retry, after_the_end
from podium.taxonomy import EndReason

FINAL = (EndReason.INFEASIBLE, EndReason.OUT_OF_ACCELERATOR_MEMORY, EndReason.STOPPED, EndReason.SUCCEEDED)
NOBODYS_FAULT = (EndReason.PREEMPTED, EndReason.SCHEDULING, EndReason.BAD_NODE, EndReason.OTHER_DATA)
OOM = EndReason.OUT_OF_MEMORY


@pytest.mark.parametrize("reason", FINAL)
def test_some_ends_are_final_at_once(reason: EndReason) -> None:
    assert after_the_end([reason], fruitless=0, max_attempts=3) == EndRun()


@pytest.mark.parametrize("reason", NOBODYS_FAULT)
def test_a_loss_that_is_not_the_trials_fault_never_counts_against_it(reason: EndReason) -> None:
    assert isinstance(after_the_end([reason] * 100, fruitless=100, max_attempts=1), Retry)


def test_a_bug_is_tried_again_up_to_max_attempts() -> None:
    assert isinstance(after_the_end([EndReason.BUG] * 2, fruitless=2, max_attempts=3), Retry)
    assert after_the_end([EndReason.BUG] * 3, fruitless=3, max_attempts=3) == EndRun()


def test_want_of_memory_that_is_certain_is_tried_once_more() -> None:
    assert isinstance(after_the_end([OOM], fruitless=1, max_attempts=9, is_certain=True), Retry)
    assert after_the_end([OOM] * 2, fruitless=2, max_attempts=9, is_certain=True) == EndRun()
    assert after_the_end([OOM], fruitless=1, max_attempts=1, is_certain=True) == EndRun()


def test_want_of_memory_that_is_a_guess_is_tried_up_to_max_attempts() -> None:
    assert isinstance(after_the_end([OOM] * 2, fruitless=2, max_attempts=3), Retry)
    assert after_the_end([OOM] * 3, fruitless=3, max_attempts=3) == EndRun()


def test_preemptions_between_bugs_do_not_count() -> None:
    ended = [EndReason.BUG, EndReason.PREEMPTED, EndReason.PREEMPTED, EndReason.BUG]
    assert isinstance(after_the_end(ended, fruitless=0, max_attempts=3), Retry)


def test_retries_that_bear_no_fruit_wait_ever_longer_but_not_forever() -> None:
    waits = []
    for fruitless in range(60):
        follows = after_the_end([EndReason.PREEMPTED], fruitless=fruitless, max_attempts=3)
        assert isinstance(follows, Retry)
        waits.append(follows.wait_seconds)
    assert waits[:2] == [0.0, 0.0]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT_SECONDS


@pytest.mark.parametrize("reason", EndReason)
def test_every_reason_has_a_consequence(reason: EndReason) -> None:
    assert isinstance(after_the_end([reason], fruitless=0, max_attempts=2), Retry | EndRun)
