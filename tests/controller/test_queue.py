"""How many may be at work that takes much memory."""

import anyio
import pytest

from controller.api.queue import Queue
from controller.errors import Busy


def test_a_few_work_a_few_wait_and_the_rest_are_asked_to_come_again() -> None:
    queue = Queue(what="reports", at_work=2, waiting=3)
    at_work, most, made = 0, 0, 0
    refused: list[str] = []

    async def make(done: anyio.Event) -> None:
        nonlocal at_work, most, made
        try:
            async with queue.place():
                at_work += 1
                most = max(most, at_work)
                await done.wait()
                at_work -= 1
                made += 1
        except Busy as error:
            refused.append(str(error))

    async def all_at_once() -> None:
        done = anyio.Event()
        async with anyio.create_task_group() as group:
            for _ in range(9):
                group.start_soon(make, done)
            await anyio.wait_all_tasks_blocked()
            done.set()
        async with queue.place():  # and room is made again
            pass

    anyio.run(all_at_once)
    assert (most, made, len(refused)) == (2, 5, 4)
    assert refused[0].startswith("2 reports are being made and 3 wait")


def test_a_place_that_fails_is_free_again() -> None:
    queue = Queue(what="reports", at_work=1, waiting=0)

    async def fail_twice() -> None:
        for _ in range(2):
            with pytest.raises(ValueError, match="broken"):
                async with queue.place():
                    raise ValueError("broken")

    anyio.run(fail_twice)
    assert Busy.status == 503
