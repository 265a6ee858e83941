"""Rows in memory that another process can map: handing them over takes a name, and no copy."""

import os
import weakref
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.generic]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """Where rows are, as long as the process that has them keeps them."""

    path: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]

    def rows(self) -> Rows:
        return np.memmap(self.path, dtype=self.dtype, mode="r", shape=self.shape)


def room_for(shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> Rows:
    """Return memory of this size: on Linux a file without a name, which goes with the rows or with the process."""
    if not hasattr(os, "memfd_create"):
        return np.empty(shape, dtype=dtype)
    handle = os.memfd_create("podium-rows")
    rows = np.memmap(f"/proc/{os.getpid()}/fd/{handle}", dtype=dtype, mode="w+", shape=shape)
    weakref.finalize(rows, os.close, handle)
    return rows


def handed(rows: Rows) -> Rows | Mapped:
    """Return what to send to another process of this machine: rows themselves only where they cannot be mapped."""
    if isinstance(rows, np.memmap) and rows.filename is not None and rows.offset == 0:
        return Mapped(path=str(rows.filename), shape=rows.shape, dtype=rows.dtype)
    return rows


def received(sent: Rows | Mapped) -> Rows:
    return sent.rows() if isinstance(sent, Mapped) else sent
