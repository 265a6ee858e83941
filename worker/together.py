"""Processes that train one model, each on a share of every batch, and what they say to one another.

The first alone talks to the controller and stores checkpoints and results. Where it leaves, all leave; that holds for
the moments at which the others listen. All of them listen, and sum, the same number of times in the same order.
"""

import pickle
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from importlib import import_module
from itertools import chain, zip_longest
from typing import Any, TypeVar

import torch
from torch import distributed, nn

from podium.leaving import exit_of
from worker.ranks import ALONE, Rank

PATIENCE = timedelta(hours=2)
"""For the others: the first may wait long for the controller or a store. One that dies is noticed at once."""
LATER_SECONDS = 3.0
LEAVING = -1

T = TypeVar("T")


class Followed(BaseException):
    """The first process leaves, and says why; this one goes with it."""


class Together:
    """All processes of a training, as one of them sees the others. A single one sees none, and sends nothing."""

    def __init__(self, rank: Rank = ALONE) -> None:
        self.rank = rank
        self.has_parted = False
        """Whether all know that the first leaves: nobody waits for anybody any more."""

    @property
    def is_alone(self) -> bool:
        return self.rank.processes == 1

    def told(self, action: Callable[[], T]) -> T:
        """Let the first process act, and give its answer to all. Raises Followed in the others when it leaves."""
        if self.is_alone:
            return action()
        if not self.rank.is_first:
            heard: T = self.listen()
            return heard
        try:
            answer = action()
        except BaseException:
            with suppress(RuntimeError):  # a process that is gone hears nothing; the reason to leave is this error
                _send_size(LEAVING)
                self.has_parted = True
            raise
        _send(answer)
        return answer

    def listen(self) -> Any:  # Any: whatever was said, by the same program
        """Return what the first process tells. Raises Followed when it leaves."""
        size = torch.zeros(1, dtype=torch.int64)
        distributed.broadcast(size, 0)
        if size.item() == LEAVING:
            self.has_parted = True
            raise Followed
        if size.item() == 0:
            return None
        content = torch.empty(int(size.item()), dtype=torch.uint8)
        distributed.broadcast(content, 0)
        return pickle.loads(content.numpy().tobytes())  # from a process of ours

    def led(self, items: Iterable[T]) -> Iterator[T]:
        """Yield what the first process takes from its iterable, in step with it."""
        iterator = iter(items)
        while (item := self.told(lambda: next(iterator, None))) is not None:
            yield item

    def by_all(self, own: T | None) -> T | None:
        """Return what this process has where every process has something; None where one has nothing."""
        [having] = self.sums([float(own is not None)])
        return own if having == self.rank.processes else None

    def sums(self, values: Sequence[float]) -> Sequence[float]:
        """Add up each of the values over all processes; all get the same, to the last bit."""
        if self.is_alone:
            return values
        own = torch.tensor(values, dtype=torch.float64)
        everybodys = [torch.empty_like(own) for _ in range(self.rank.processes)]
        distributed.all_gather(everybodys, own)
        return torch.stack(everybodys).sum(dim=0).tolist()

    def taken_in_turns(self, own: Sequence[T]) -> Sequence[T]:
        """Return what all have, where the first has items 0, n, 2n and so on of them, the second 1, n + 1 and so on."""
        if self.is_alone:
            return own
        everybodys: list[Sequence[T]] = [()] * self.rank.processes
        distributed.all_gather_object(everybodys, own)
        missing = object()
        return [item for item in chain(*zip_longest(*everybodys, fillvalue=missing)) if item is not missing]  # type: ignore[misc]  # what is missing is no T

    def align_statistics(self, model: nn.Module) -> None:
        """Give all the statistics of BatchNorm that the first has: each has seen its own share of the batches."""
        if not self.is_alone:
            for buffer in model.buffers():
                distributed.broadcast(buffer, 0)


SINGLE = Together()


@contextmanager
def joined(rank: Rank) -> Iterator[Together]:
    """Meet the others, and stay with them to the end of the block. A single process meets nobody.

    Who may have failed for want of another leaves a moment later: the first to end is taken for the cause.
    """
    if rank.processes == 1:
        yield SINGLE
        return
    import_module("torch._dynamo")  # DistributedDataParallel would load it, for seconds, while a SIGTERM may be waiting
    backends = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(backends, timeout=PATIENCE)
    everybody = Together(rank)
    try:
        yield everybody
    except BaseException as error:
        if everybody.has_parted:
            with suppress(RuntimeError):  # the reason to leave is this error
                distributed.destroy_process_group()  # else its threads may abort the process at its end
        elif not rank.is_first or (isinstance(error, Exception) and exit_of(error) is None):
            time.sleep(LATER_SECONDS)
        raise
    distributed.destroy_process_group()


def _send(answer: object) -> None:
    if answer is None:  # the commonest answer is a single message
        _send_size(0)
        return
    content = torch.frombuffer(bytearray(pickle.dumps(answer)), dtype=torch.uint8)
    _send_size(len(content))
    distributed.broadcast(content, 0)


def _send_size(size: int) -> None:
    distributed.broadcast(torch.tensor([size], dtype=torch.int64), 0)
