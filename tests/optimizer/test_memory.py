"""Kernels are remembered and learned ahead, and no answer is another because of it."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from typing import Any

from controller.optimizer.memory import Remembering
from controller.optimizer.rows import CHEAP_TO_LEARN, lessons_at
from controller.optimizer.suggest import suggest
from tests.optimizer.simulation import observed, problem


class Watched(ThreadPoolExecutor):
    """Counts what is begun."""

    begun = 0

    def submit(self, *arguments: Any, **more: Any) -> Future[Any]:
        self.begun += 1
        return super().submit(*arguments, **more)


def test_a_lesson_comes_into_force_at_once_while_it_is_cheap_and_one_step_later_when_it_is_dear() -> None:
    lessons = [lessons_at(count) for count in range(400)]
    assert lessons[3] == (0, 0)
    assert lessons[4] == (4, 4)
    for count, each in enumerate(lessons):
        assert each.following <= count
        if each.following <= CHEAP_TO_LEARN:
            assert each.in_force == each.following
        else:
            assert 0.75 * count < each.in_force < each.following
    for before, after in pairwise(lessons):
        assert after.in_force in {before.in_force, before.following, after.following}


def test_what_is_learned_ahead_is_what_is_asked_for_later_and_changes_no_answer() -> None:
    asked, counts = problem(seed=6), range(CHEAP_TO_LEARN + 2, CHEAP_TO_LEARN + 14)
    lessons = {lesson for count in counts for lesson in lessons_at(count)}
    assert len(lessons) == 4
    whole = observed(asked, max(counts))
    with Watched(max_workers=1) as beside:
        memory = Remembering(beside)
        for count in counts:
            known = replace(whole, observations=whole.observations[:count])
            assert suggest(asked, known, memory) == suggest(asked, known)
    assert beside.begun == len(lessons)
