"""A process that answers, and what becomes of one that does not."""

import time
from contextlib import closing

import pytest

from controller import apart
from controller.apart import Apart, Failed


def main() -> None:
    """Answer with the number of seconds that were slept."""

    def answer(seconds: float) -> float:
        time.sleep(seconds)
        return seconds

    apart.answer_all(answer)


def test_one_that_takes_too_long_is_replaced_by_one_that_answers() -> None:
    with closing(Apart("tests.controller.test_apart", "the sleeper", patience_seconds=6.0)) as sleeper:
        assert sleeper.ask(0.0) == 0.0
        with pytest.raises(Failed, match="the sleeper took longer than 6 s and was replaced"):
            sleeper.ask(600.0)
        assert sleeper.ask(0.01) == 0.01


def test_what_raises_is_told_and_the_process_goes_on() -> None:
    with closing(Apart("tests.controller.test_apart", "the sleeper")) as sleeper:
        with pytest.raises(Failed, match="ValueError"):
            sleeper.ask(-1.0)
        assert sleeper.ask(0.0) == 0.0
