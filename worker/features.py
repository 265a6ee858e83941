"""What frozen layers make of the images, computed once: every epoch of every trial after that trains the rest alone.

It is the same in every epoch where the layers are frozen, and the images not changed anew each time.
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torchvision
from torch import nn

from podium.trainer import Training
from worker.augmentation import Augmentation, changes_images, fixed_views
from worker.cache import Choice, cached
from worker.decoded_images import FORMAT as PIXELS
from worker.images import Images, normalized
from worker.machine import Machine
from worker.mapped import Rows
from worker.sharing import SharedPlace
from worker.stages import frozen_stages, modules_of, through, trained_stages
from worker.tables import Words, bytes_of

FORMAT = "features 1"
"""Another number is other features of the same image."""
PIXELS_AT_ONCE = 2**20
"""Pixels of images that pass the frozen layers together: 20 images at 224."""
Pause = Callable[[], None]
"""Called between batches; may raise, to leave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    stages: Sequence[str]
    """Those that come after the frozen ones."""
    plain: Rows  # (images, ...)
    """Of the images as they are, which are validated on."""
    views: Sequence[Rows]  # of (images, ...)
    """Of the images as they are trained on, a different one in each epoch."""

    @property
    def are_vectors(self) -> bool:
        return self.plain.ndim == 2

    def to_train_on(self, positions: torch.Tensor, epoch: int) -> torch.Tensor:  # (batch, ...)
        return _rows(self.views[(epoch - 1) % len(self.views)], positions)

    def to_judge_by(self, positions: torch.Tensor) -> torch.Tensor:  # (batch, ...)
        return _rows(self.plain, positions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What the features are computed from."""

    model: nn.Module
    images: Images
    augmentation: Augmentation
    training: Training
    seed: int
    device: torch.device


def are_constant(training: Training) -> bool:
    """Say whether what the frozen layers see of an image is the same again and again."""
    is_new_each_time = changes_images(training) and fixed_views(training) == 0
    is_mixed = training.mixup > 0 or training.cutmix > 0
    return training.trainable != "all" and not is_mixed and not is_new_each_time


def features_of(
    source: Source, machine: Machine, pause: Pause, *, shared: SharedPlace | None = None, passes: float = math.inf
) -> Features | None:
    """Return the features of all images, computed now or before; None where that is not worth it, or not possible.

    They are kept where all trials share them, unless they are a trial's own, or too large for that; else on the node.
    Where this run may be the only one to use them, it must do so more often than they take to compute: `passes` says
    how often it will use those of an image.
    """
    if not are_constant(source.training):
        return None
    tables = [_Table(source, view, pause) for view in (None, *range(fixed_views(source.training)))]
    can_be_shared = source.training.weights != "none" and source.training.cache != "none"
    if not can_be_shared or (shared and not shared.takes(sum(map(bytes_of, tables)), "features")):
        shared = None
    if passes < len(tables) and shared is None:
        return None
    home = replace(machine, memory_bytes=machine.memory_bytes // (2 * len(tables)))  # all of them, beside the images
    choice, rows = _choice(source.training), []
    for table in tables:
        stored = shared.kept(table, choice, home, pause) if shared else cached(table, choice, home)
        if stored is None:
            return None
        rows.append(stored.rows)
    return Features(stages=trained_stages(source.training.trainable), plain=rows[0], views=rows[1:] or rows)


def _choice(training: Training) -> Choice:
    """Keep what other trials can use on the disk: random weights are each trial's own."""
    return "memory" if training.weights == "none" and training.cache != "none" else training.cache


class _Table:
    """The features of all images, in one of their views or as they are."""

    name = "features"
    dtype = np.dtype(np.float32)

    def __init__(self, source: Source, view: int | None, pause: Pause) -> None:
        self._source, self._view, self._pause = source, view, pause
        self._stages = frozen_stages(source.training.trainable)
        first = self._features(torch.zeros(1, dtype=torch.int64))  # (1, ...)
        self.shape = (len(source.images.labels), *first.shape[1:])

    @property
    def task(self) -> str:
        task = f"sending {len(self._source.images.labels):,} images through the frozen layers"
        return task if self._view is None else f"{task}, changed in way {self._view + 1}"

    @property
    def key(self) -> str:
        """Digest all that the features depend on, the library that computes them included."""
        source, settings = self._source, self._source.training
        made_by = (FORMAT, PIXELS, torch.__version__, torchvision.__version__, source.device.type)
        digest = hashlib.sha256(f"{made_by} {self._stages}".encode())
        digest.update(f"{source.images.identity} {settings.image_size} {settings.model}".encode())
        if self._view is not None:
            how = (settings.augmentation, settings.augmentation_magnitude, settings.random_erasing)
            digest.update(f"{how} {source.seed} {self._view}".encode())
        for module in modules_of(source.model, self._stages):
            for tensor in module.state_dict().values():
                digest.update(tensor.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def rows(self) -> Iterator[Rows]:
        at_once = max(1, PIXELS_AT_ONCE // self._source.training.image_size**2)
        for positions in torch.split(torch.arange(len(self._source.images.labels)), at_once):
            self._pause()
            yield from self._features(positions).numpy()

    def words(self) -> Words:
        return None

    @torch.inference_mode()
    def _features(self, positions: torch.Tensor) -> torch.Tensor:  # (batch, ...)
        source = self._source
        pixels = source.images.pixels(positions)
        if self._view is not None:
            pixels = source.augmentation.view(pixels, positions, self._view)
        source.model.eval()
        made = through(source.model, self._stages, normalized(pixels.to(source.device)))
        return made.cpu().contiguous()


def _rows(table: Rows, positions: torch.Tensor) -> torch.Tensor:
    rows = torch.from_numpy(table[positions.numpy()])  # a copy of these
    return rows.contiguous(memory_format=torch.channels_last) if rows.ndim == 4 else rows
