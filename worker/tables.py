"""What is worth making once and reading often: a row for each image, and a few words about them all."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from worker.mapped import Rows, room_for

Words = Any  # whatever JSON can say


class Table(Protocol):
    """Rows that this process can make."""

    @property
    def name(self) -> str:
        """What the rows are, for a person: images."""
        ...

    @property
    def task(self) -> str:
        """What making them is: decoding 8,144 images."""
        ...

    @property
    def key(self) -> str:
        """A digest of all that the rows depend on."""
        ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[np.generic]: ...

    def rows(self) -> Iterator[Rows]:
        """Make the rows, in their order."""
        ...

    def words(self) -> Words:
        """Say what is to be known of the rows, once all are made."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A table as it is kept."""

    rows: Rows
    words: Words


def bytes_of(table: Table) -> int:
    return math.prod(table.shape) * table.dtype.itemsize


def in_memory(table: Table) -> Stored:
    """Make the table in this process's memory."""
    rows = room_for(table.shape, table.dtype)
    for position, row in enumerate(table.rows()):
        rows[position] = row
    return Stored(rows=rows, words=table.words())
