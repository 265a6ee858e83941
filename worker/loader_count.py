"""How many loaders a training has: none where they cost more than they save."""

import logging
import os
from pathlib import Path

import torch

from podium.trainer import Training
from worker.augmentation import changes_images
from worker.course import Course
from worker.loading import AHEAD, Loaders
from worker.preparation import Preparation

MOST = 8
"""Of a GPU, unless a number is given."""
SHARED_MEMORY = Path("/dev/shm")
_log = logging.getLogger("podium")


def loaders_for(course: Course, training: Training, device: torch.device, processors: int) -> Loaders:
    """Return as many loaders as were asked for, or are worth it, as far as shared memory has room for their batches."""
    wanted = wanted_loaders(course, training, device, processors)
    free_bytes = _free_bytes() // course.share.rank.processes  # on this machine, each with loaders of its own
    count = loaders_with_room(wanted, batch_bytes=_largest_batch(course), free_bytes=free_bytes) if wanted else 0
    if count < wanted:
        _log.warning(
            "podium: %d of %d loaders have room for their batches in %s; make it larger (`trial.sharedMemory`)",
            count,
            wanted,
            SHARED_MEMORY,
        )
    preparation = Preparation(images=course.images, augmentation=course.augmentation)
    return Loaders(preparation, count=count, pinned=device.type == "cuda")


def wanted_loaders(course: Course, training: Training, device: torch.device, processors: int) -> int:
    """Return the number that is asked for, or the one that is worth it.

    On a CPU the training needs the processors itself. An image that is decoded already, and not changed, is only
    copied, and a loader would copy it to where the trainer has to copy it from. Features are not prepared at all.
    """
    if course.features is not None:
        return 0
    if training.loaders != "auto":
        return training.loaders
    is_copied_only = course.images.is_decoded and not changes_images(training)
    return 0 if device.type == "cpu" or is_copied_only else min(MOST, processors - 1)


def loaders_with_room(wanted: int, *, batch_bytes: int, free_bytes: int) -> int:
    """Return how many fit: each has some batches waiting, and the trainer has one, and one that it lets go."""
    batches = free_bytes // batch_bytes - 2
    return max(0, min(wanted, batches // AHEAD))


def _largest_batch(course: Course) -> int:
    trained_on = course.split.train[: course.batch_size + 1]  # a last image joins the batch before it
    return max(len(course.prepared(trained_on)), len(course.validation_batches()[0])) * 3 * course.image_size**2


def _free_bytes() -> int:
    """Return what shared memory has room for; without a limit of its own where there is no such folder."""
    try:
        room = os.statvfs(SHARED_MEMORY)
    except OSError:
        return 2**62
    return room.f_bavail * room.f_frsize
