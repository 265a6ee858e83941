"""What is done to an image before it is trained on, so that it is never quite the same.

An image's changes depend on (seed, trial, epoch, position) alone, or with a fixed number of views on (seed, view,
position); a batch's mixture on its number. Training that is resumed, or read by other processes, sees the same pixels.
"""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

import torch
from torchvision.transforms import v2

from podium.recipe import Recipe
from worker.images import MEAN
from worker.seeding import derived_seed

FOR_IMAGE, FOR_MIXTURE, FOR_VIEW = 4, 5, 6
"""Set the uses of one seed apart."""
ERASED = [round(255 * channel) for channel in MEAN.flatten().tolist()]
"""Of the mean color: 0 after normalization, as in torchvision's training reference."""

Change = Callable[[torch.Tensor], torch.Tensor]
Mixture = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]


class Augmentation:
    def __init__(self, recipe: Recipe, *, classes: int, seed: int, trial: int) -> None:
        self._change = _change(recipe)
        self._mixture = _mixture(recipe, classes)
        self._views = fixed_views(recipe)
        self._seed, self._trial = seed, trial

    @property
    def mixes_images(self) -> bool:
        return self._mixture is not None

    def of_trial(self, trial: int) -> Self:
        """Return the same changes, by the chances of a trial."""
        other = copy.copy(self)
        other._trial = trial
        return other

    def of_images(self, pixels: torch.Tensor, positions: torch.Tensor, epoch: int) -> torch.Tensor:
        """Change each image by itself."""  # (batch, 3, height, width), bytes
        if self._views:
            return self.view(pixels, positions, self.view_in(epoch))
        return self._changed(pixels, positions, FOR_IMAGE, self._seed, self._trial, epoch)

    def view(self, pixels: torch.Tensor, positions: torch.Tensor, view: int) -> torch.Tensor:
        """Change each image in one of the fixed ways."""  # (batch, 3, height, width), bytes
        return self._changed(pixels, positions, FOR_VIEW, self._seed, view)

    def view_in(self, epoch: int) -> int:
        """Say which of the fixed ways it is in an epoch, counted from 0."""
        return (epoch - 1) % self._views

    def _changed(self, pixels: torch.Tensor, positions: torch.Tensor, *purpose: int) -> torch.Tensor:
        if self._change is None:
            return pixels
        changed = []
        with _untouched():
            for image, position in zip(pixels, positions.tolist(), strict=True):
                torch.default_generator.manual_seed(derived_seed(*purpose, position))
                changed.append(self._change(image))
        return torch.stack(changed)

    def of_batch(
        self, pixels: torch.Tensor, labels: torch.Tensor, *, epoch: int, batch: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Mix images with one another, and their labels alike: each becomes a share of every label."""
        # pixels (batch, 3, height, width), normalized; labels (batch,) -> (batch, classes)
        if self._mixture is None:
            return pixels, labels
        with _untouched():
            torch.default_generator.manual_seed(derived_seed(FOR_MIXTURE, self._seed, self._trial, epoch, batch))
            return self._mixture(pixels, labels)


def changes_images(recipe: Recipe) -> bool:
    return recipe.augmentation != "none" or recipe.random_erasing > 0


def fixed_views(recipe: Recipe) -> int:
    """Say in how many ways an image is changed; 0 if in none, or in a new one in each epoch."""
    return recipe.augmented_views if changes_images(recipe) else 0


@contextmanager
def _untouched() -> Iterator[None]:
    """Leave the generator that torchvision draws from as it was: the model's dropout draws from it too."""
    state = torch.default_generator.get_state()
    try:
        yield
    finally:
        torch.default_generator.set_state(state)


def _change(recipe: Recipe) -> Change | None:
    """Return the changes of torchvision's training reference: a flip, a policy, an erased rectangle."""
    changes: list[torch.nn.Module] = []
    if recipe.augmentation != "none":
        changes.append(v2.RandomHorizontalFlip())
    if recipe.augmentation == "randaugment":  # Cubuk et al. 2020
        changes.append(v2.RandAugment(magnitude=recipe.augmentation_magnitude))
    if recipe.augmentation == "trivialaugment":  # Mueller and Hutter 2021
        changes.append(v2.TrivialAugmentWide())
    if recipe.random_erasing:  # Zhong et al. 2020
        changes.append(v2.RandomErasing(p=recipe.random_erasing, value=ERASED))
    return v2.Compose(changes) if changes else None


def _mixture(recipe: Recipe, classes: int) -> Mixture | None:
    """Return mixup (Zhang et al. 2018), CutMix (Yun et al. 2019), or for each batch one of the two."""
    mixtures: list[torch.nn.Module] = []
    if recipe.mixup:
        mixtures.append(v2.MixUp(alpha=recipe.mixup, num_classes=classes))
    if recipe.cutmix:
        mixtures.append(v2.CutMix(alpha=recipe.cutmix, num_classes=classes))
    return v2.RandomChoice(mixtures) if mixtures else None
