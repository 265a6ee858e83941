"""Which images each fold holds out: all of them are held out once, each label's as evenly as can be.

The folds are fixed by the experiment's seed, and so the same for every trial.
"""

from collections.abc import Sequence

import torch

from worker.images import Images, UnusableData
from worker.split import Split, part_of, shuffled_by_label


def folds_by_label(images: Images, seed: int, folds: int, *, share: float = 1.0) -> list[Split]:
    """Deal the images out to folds, label after label: each holds out its own, and trains on a share of the rest.

    Of a label, and of all images, no two folds hold out numbers that differ by more than one. A smaller share is part
    of every larger one, and the images held out are the same for all. Raises UnusableData for a label of fewer images
    than folds.
    """
    labels = shuffled_by_label(images, seed)
    for name, shuffled in zip(images.classes, labels, strict=True):
        if len(shuffled) < folds:
            found, needed = len(shuffled), f"`folds: {folds}` needs {folds}, one for each fold to hold out"
            raise UnusableData(f"label {name!r} has {found} {'image' if found == 1 else 'images'}; {needed}")
    dealt = torch.split(torch.arange(sum(map(len, labels))) % folds, [len(shuffled) for shuffled in labels])
    return [_split(labels, [fold_of == fold for fold_of in dealt], share) for fold in range(folds)]


def _split(labels: Sequence[torch.Tensor], is_held_out: Sequence[torch.Tensor], share: float) -> Split:
    pairs = list(zip(labels, is_held_out, strict=True))
    return Split(
        train=torch.cat([part_of(shuffled[~held_out], share) for shuffled, held_out in pairs]).sort().values,
        validation=torch.cat([shuffled[held_out] for shuffled, held_out in pairs]).sort().values,
    )
