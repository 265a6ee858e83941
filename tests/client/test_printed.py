"""What is new between two ends of one log."""

import random

import pytest

from podium.printed import SURE_LETTERS, Output, news, output_of
from podium.taxonomy import AttemptState, EndReason
from tests.cli.stand_in import an_attempt

LONG = "".join(random.Random(7).choices("abcdef", k=2 * SURE_LETTERS))
RUNNING = an_attempt(state=AttemptState.RUNNING, end_reason=None, ended_at=None, log_tail="epoch 1")


@pytest.mark.parametrize(
    ("before", "now", "new", "is_after_gap"),
    [
        ("", "", "", False),
        ("", "a\nb", "a\nb\n", False),
        ("a\nb", "a\nb", "", False),
        ("a\nb", "a\nb\nc\nd", "c\nd\n", False),
        ("a\nb\nc", "b\nc\nd", "d\n", False),
        ("a\na\na", "a\na\na", "", False),
        ("a\na\nb", "a\nb\nb", "b\n", False),
        ("a\nb", "a\nb\n\nc", "\nc\n", False),
        ("a\nb\nc", "c\n", "\n", False),
        ("a\nb\nc", "b\nc", "", False),
        ("a\nb", "", "", False),
        ("a\nloss 0.", "a\nloss 0.5\nc", "5\nc\n", False),
        ("a\nb", "c\nd", "c\nd\n", True),
        ("a\nbanana", "nana\nc", "nana\nc\n", True),
        ("step 49\nstep 50", "step 501\nstep 502", "step 501\nstep 502\n", True),
        ("a\nb\nloss 0.", "b\nloss 0.5\nc", "5\nc\n", False),
        (f"a\nb{LONG}", f"{LONG}\nc", "c\n", False),
        (f"a\n{LONG}", f"\N{REPLACEMENT CHARACTER}{LONG[1:]}c", "c\n", False),
        ("a\ncaf\N{REPLACEMENT CHARACTER}", "a\ncafé\nb", "é\nb\n", False),
    ],
)
def test_what_comes_after_the_overlap_is_new(before: str, now: str, new: str, is_after_gap: bool) -> None:
    assert news(before, now) == (new, is_after_gap)


def test_looks_at_any_moments_give_the_whole_log_as_long_as_they_overlap() -> None:
    random_ = random.Random(3)
    lines = [f"step {number}: {random_.random()}" for number in range(400)]
    seen, printed, count = "", "", 0
    while count < len(lines):
        count = min(count + random_.randrange(50), len(lines))
        now = "\n".join(lines[max(0, count - 50) : count])
        new, is_after_gap = news(seen, now)
        assert not is_after_gap
        seen, printed = now, printed + new
    assert printed.splitlines() == lines


def test_an_attempt_is_told_with_what_it_printed_and_its_end_once() -> None:
    assert output_of(None, RUNNING.model_copy(update={"log_tail": ""})) is None
    assert output_of(None, RUNNING) == Output(attempt=RUNNING, text="epoch 1\n")
    assert output_of(RUNNING, RUNNING) is None
    ended = an_attempt(end_reason=EndReason.BUG, log_tail="epoch 1")
    assert output_of(RUNNING, ended) == Output(attempt=ended, text="")
    assert output_of(ended, ended) is None
