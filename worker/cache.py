"""Where decoded images are kept, so that an epoch reads bytes instead of JPEGs.

On the node's disk they are decoded once for all trials that see its folder, and the kernel shares the memory that holds
them. In a process's own memory they are decoded once for each run. A cache is a convenience: what keeps it from being
filled is logged, and training goes on without.
"""

import logging
from collections.abc import Sequence
from typing import Literal

import torch

from worker.contents import Contents, contents_of, decoded_bytes
from worker.decoding import BadImage, Decoded
from worker.disk_cache import CacheUnusable, on_disk
from worker.images import Images
from worker.machine import Machine

MEMORY_SHARES = {"auto": 0.25, "memory": 0.75}
"""Of the memory that the process may use, what the images may take: the rest is the training's."""
_log = logging.getLogger("podium")


def cached(
    images: Decoded, choice: Literal["auto", "memory", "disk", "none"], machine: Machine
) -> tuple[Images, Sequence[BadImage] | None]:
    """Return the images in a cache, and which of them cannot be read; None if they were not all looked at."""
    contents = None
    if choice in ("auto", "disk"):
        contents = _on_disk(images, machine)
    if choice == "memory" or (choice == "auto" and contents is None):
        contents = _in_memory(images, int(machine.memory_bytes * MEMORY_SHARES[choice]))
    return (images, None) if contents is None else (_Cached(images, contents), contents.bad)


class _Cached:
    """The images as they are kept."""

    def __init__(self, images: Images, contents: Contents) -> None:
        self._images, self._pixels = images, contents.pixels

    @property
    def classes(self) -> Sequence[str]:
        return self._images.classes

    @property
    def labels(self) -> torch.Tensor:  # (images,)
        return self._images.labels

    @property
    def identity(self) -> str:
        return self._images.identity

    def pixels(self, positions: torch.Tensor) -> torch.Tensor:  # (batch, 3, size, size)
        return torch.from_numpy(self._pixels[positions.numpy()])  # a copy of these


def _on_disk(images: Decoded, machine: Machine) -> Contents | None:
    try:
        return on_disk(images, machine.cache_folder, machine.cache_bytes)
    except CacheUnusable as error:
        _log.warning("podium: images are not cached on disk: %s", error)
        return None


def _in_memory(images: Decoded, allowed_bytes: int) -> Contents | None:
    needed_bytes = decoded_bytes(images)
    if needed_bytes <= allowed_bytes:
        return contents_of(images)
    _log.warning(
        "podium: images are not cached in memory: they take %.2f GB, and may take %.2f GB; give the worker more memory",
        needed_bytes / 1e9,
        allowed_bytes / 1e9,
    )
    return None
