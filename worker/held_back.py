"""The images that no search sees, with the labels that a model learned: `podium evaluate` alone opens them."""

from collections.abc import Sequence

import torch

from podium.trainer import Training
from worker.data import open_images
from worker.images import Images, UnusableData
from worker.machine import Machine

NAMED = 3
"""Labels that an error names, of possibly hundreds."""


def open_test_part(training: Training, machine: Machine, classes: Sequence[str]) -> Images:
    """Open the test part, its labels numbered as in `classes`. Raises UnusableData, as for labels that are not there.

    It is read once, and so kept in no cache.
    """
    images = open_images(training.model_copy(update={"cache": "none"}), machine, part="test")
    if not len(images.labels):
        raise UnusableData("the test part has no image that can be read; see to the data")
    return _Renumbered(images, classes)


class _Renumbered:
    """Images whose labels have the numbers that they had in training. A part may have fewer labels than another."""

    def __init__(self, images: Images, classes: Sequence[str]) -> None:
        number_of = {name: number for number, name in enumerate(classes)}
        named = [images.classes[label] for label in sorted(set(images.labels.tolist()))]
        if unknown := [name for name in named if name not in number_of]:
            names = ", ".join(map(repr, unknown[:NAMED])) + (", ..." if len(unknown) > NAMED else "")
            raise UnusableData(
                f"the test part has {len(unknown)} labels that the training never had ({names}), and that no model "
                "of it can guess; name them as the training does, or take their images out of the test part"
            )
        numbers = torch.tensor([number_of.get(name, -1) for name in images.classes], dtype=torch.int64)
        self._images, self._classes, self._labels = images, classes, numbers[images.labels]

    @property
    def classes(self) -> Sequence[str]:
        return self._classes

    @property
    def labels(self) -> torch.Tensor:  # (images,)
        return self._labels

    @property
    def identity(self) -> str:
        return self._images.identity

    @property
    def content(self) -> str:
        return self._images.content

    @property
    def is_decoded(self) -> bool:
        return self._images.is_decoded

    def name(self, position: int) -> str:
        return self._images.name(position)

    def pixels(self, positions: torch.Tensor) -> torch.Tensor:  # (batch, 3, size, size)
        return self._images.pixels(positions)
