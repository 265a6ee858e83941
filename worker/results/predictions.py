"""What the model says of each validation image, in a few numbers: formulas need no more, and logits are large."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictions:
    """One entry for each image."""

    positions: NDArray[np.int64]  # (images,)
    """In the data set."""
    labels: NDArray[np.int64]  # (images,)
    predicted: NDArray[np.int64]  # (images,)
    """The likeliest label; of several, the first."""
    ranks: NDArray[np.int64]  # (images,)
    """How many labels come before the true one: 0 where the prediction is right."""
    confidences: NDArray[np.float64]  # (images,)
    """Probability of the predicted label."""
    losses: NDArray[np.float64]  # (images,)
    """Cross-entropy, in nats."""

    def __len__(self) -> int:
        return len(self.labels)


def predictions_from(logits: torch.Tensor, labels: torch.Tensor, positions: torch.Tensor) -> Predictions:
    """Return what `logits` (images, classes) say of images with these labels and positions."""
    scores, truth = logits.detach().cpu().double(), labels.cpu()
    own = scores.gather(1, truth[:, None])  # (images, 1)
    is_earlier = torch.arange(scores.shape[1]) < truth[:, None]  # (images, classes)
    ranks = ((scores > own) | ((scores == own) & is_earlier)).sum(dim=1)
    return Predictions(
        positions=positions.numpy(),
        labels=truth.numpy(),
        predicted=scores.argmax(dim=1).numpy(),
        ranks=ranks.numpy(),
        confidences=scores.softmax(dim=1).amax(dim=1).numpy(),
        losses=functional.cross_entropy(scores, truth, reduction="none").numpy(),
    )


def joined(parts: Iterable[Predictions]) -> Predictions:
    """Return the predictions of several batches as one."""
    batches = list(parts)
    return Predictions(
        **{each.name: np.concatenate([getattr(part, each.name) for part in batches]) for each in fields(Predictions)}
    )
