"""Which data set an experiment trains on."""

from typing import assert_never

from podium.trainer import Training
from worker.digits import Digits
from worker.image_folder import ImageFolder
from worker.images import Images


def open_images(training: Training, threads: int) -> Images:
    """Open the data set that the experiment names. Raises UnusableData."""
    match training.dataset:
        case "digits":
            return Digits(image_size=training.image_size)
        case "image_folder":
            return ImageFolder(training.data or "", image_size=training.image_size, threads=threads)
        case _ as unknown:
            assert_never(unknown)
