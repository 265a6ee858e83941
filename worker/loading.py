"""Batches that processes of their own prepare ahead of the step that trains on them.

Which process prepares a batch, and when, changes nothing of it. So whoever asks gets what was asked for: a batch that
was foreseen comes from a loader, and any other one is prepared on the spot.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from threading import Timer
from typing import Any, Self

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from worker.images import UnusableData
from worker.loader_process import LoaderContext, settle_in
from worker.preparation import Preparation, Want

AHEAD = 2
"""Batches that each loader has prepared or in hand."""
LEAVING_SECONDS = 3.0
"""For loaders to finish the batch in hand, before they are killed: a grace period is short."""

Plan = Callable[[Want], Iterator[Want]]
"""Returns a batch and those that will be wanted after it; nothing for one that is not part of the plan."""
Prepared = torch.Tensor | UnusableData | None
"""Pixels, or why there are none; None where shared memory has no room for them."""
_log = logging.getLogger("podium")


class Loaders:
    """So many processes, from the first batch on until the block is left. With a count of 0 there are none."""

    def __init__(self, preparation: Preparation, *, count: int, pinned: bool = False) -> None:
        self._preparation, self._count = preparation, count
        self._context = LoaderContext()
        self._coming: Iterator[Want] = iter(())
        self._ordered: deque[Want] = deque()
        """What loaders were told to prepare and nobody has taken yet."""
        self._pinned = pinned
        self._loader: DataLoader[Prepared] | None = None
        self._batches: Any = None  # torch's iterator has no public type

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """End the processes, in a few seconds at most."""
        impatience = Timer(LEAVING_SECONDS, self._context.kill)
        impatience.daemon = True
        impatience.start()
        try:
            if self._batches is not None:
                # What its last reference would do when it goes; an exception on its way may hold one.
                self._batches._shutdown_workers()
        finally:
            impatience.cancel()
            self._context.kill()

    def pixels(self, want: Want, plan: Plan) -> torch.Tensor:
        """Return the pixels of a batch, and have those prepared that come after it.

        Raises UnusableData, MemoryError or LoaderDied.
        """
        if not self._has_ordered(want, plan):
            return self._preparation.of(want)
        self._ordered.popleft()
        prepared = self._guarded(lambda: next(self._batches))
        if isinstance(prepared, UnusableData):
            raise prepared
        return self._preparation.of(want) if prepared is None else prepared

    def _has_ordered(self, want: Want, plan: Plan) -> bool:
        """Say whether this batch is the next to come from loaders; let them begin there if they can."""
        if self._count == 0 or (self._ordered and self._ordered[0] == want):
            return self._count > 0
        coming = plan(want)
        first = next(coming, None)
        return first is not None and self._begin(chain([first], coming))

    def _begin(self, coming: Iterator[Want]) -> bool:
        """Have these prepared, by the same processes as before if there are any."""
        self._coming = coming
        self._ordered.clear()
        try:
            loader = self._loader = self._new_loader() if self._loader is None else self._loader
            self._batches = self._guarded(lambda: iter(loader))
        except (OSError, EOFError) as error:  # no room for semaphores, too many files, a server that cannot start
            _log.warning("podium: loaders cannot start (%s); the training prepares its batches itself", error)
            self._count = 0
        return self._count > 0

    def _new_loader(self) -> DataLoader[Prepared]:
        return DataLoader(
            _InLoader(self._preparation),
            batch_size=None,
            sampler=_Orders(self._orders),
            collate_fn=_as_it_is,  # type: ignore[arg-type]  # without a batch size it gets one item, not a list
            num_workers=self._count,
            prefetch_factor=AHEAD,
            persistent_workers=True,
            pin_memory=self._pinned,
            multiprocessing_context=self._context,
            worker_init_fn=settle_in,
            generator=torch.Generator(),  # or it would draw from the one that the model's dropout draws from
        )

    def _orders(self) -> Iterator[Want]:
        for want in self._coming:
            self._ordered.append(want)
            yield want

    def _guarded(self, step: Callable[[], Any]) -> Any:  # Any: whatever the step returns
        try:
            return step()
        except (RuntimeError, OSError, EOFError) as error:  # torch's own, or what fetching from the dead raises
            if (death := self._context.death()) is not None:
                raise death from error
            raise


class _Orders(Sampler[Want]):
    """Asks anew, each time that it is iterated."""

    def __init__(self, orders: Callable[[], Iterator[Want]]) -> None:
        self._orders = orders

    def __iter__(self) -> Iterator[Want]:
        return self._orders()


class _InLoader(Dataset[Prepared]):
    """What a loader has of the trainer."""

    def __init__(self, preparation: Preparation) -> None:
        self._preparation = preparation

    def __getitem__(self, want: Want) -> Prepared:
        try:
            pixels = self._preparation.of(want)
        except UnusableData as error:  # raised here it would come with two tracebacks in its message
            return error
        return _shared(pixels)


def _shared(pixels: torch.Tensor) -> torch.Tensor | None:
    """Move a batch to memory that the trainer sees; None if that is full."""
    try:
        shared: torch.Tensor = pixels.contiguous().share_memory_()  # type: ignore[no-untyped-call]  # torch's
        return shared
    except RuntimeError as error:
        if "shared memory" in str(error):
            return None
        raise


def _as_it_is(prepared: Prepared) -> Prepared:
    return prepared
