"""Formulas over the predictions of all validation images, in numpy alone: importing scikit-learn takes seconds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.results import Cell
from worker.results.predictions import Predictions

BINS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class ByClass:
    """Counts of each label."""

    images: NDArray[np.int64]  # (classes,)
    correct: NDArray[np.int64]  # (classes,)
    predicted: NDArray[np.int64]  # (classes,)

    def accuracies(self) -> NDArray[np.float64]:  # (classes,)
        """Return the share of each label's images that were recognized; NaN without images."""
        return _ratio(self.correct, self.images)

    def f1(self) -> NDArray[np.float64]:  # (classes,)
        """Return the harmonic mean of each label's precision and recall; NaN for one that occurs in neither."""
        return _ratio(2 * self.correct, self.images + self.predicted)


def top_k_accuracy(predictions: Predictions, k: int) -> float:
    """Return the share of images whose label is among the k likeliest."""
    return float((predictions.ranks < k).mean())


def by_class(predictions: Predictions, classes: int) -> ByClass:
    hits = predictions.labels[predictions.labels == predictions.predicted]
    return ByClass(
        images=np.bincount(predictions.labels, minlength=classes),
        correct=np.bincount(hits, minlength=classes),
        predicted=np.bincount(predictions.predicted, minlength=classes),
    )


def macro_f1(counts: ByClass) -> float:
    """Return the mean F1 over the labels that occur, as scikit-learn's f1_score has it."""
    return float(np.nanmean(counts.f1()))


def confusion_matrix(predictions: Predictions, classes: int) -> list[Cell]:
    """Return the cells that are not 0: there are no more than images, however many labels there are."""
    flat, counts = np.unique(predictions.labels * classes + predictions.predicted, return_counts=True)
    rows, columns = np.divmod(flat, classes)
    return [Cell(*cell) for cell in zip(rows.tolist(), columns.tolist(), counts.tolist(), strict=True)]


def calibration_error(predictions: Predictions, bins: int = BINS) -> float:
    """Return the expected calibration error.

    Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks, ICML 2017, equation 3: over bins
    ((m - 1) / M, m / M] of confidence, |accuracy - confidence| weighed by the share of images that fall there.
    """
    confidences = predictions.confidences
    where = np.clip(np.ceil(confidences * bins).astype(np.int64), 1, bins) - 1  # (images,)
    is_right = (predictions.ranks == 0).astype(np.float64)
    gaps = np.bincount(where, weights=is_right - confidences, minlength=bins)  # accuracy - confidence, times images
    return min(1.0, float(np.abs(gaps).sum() / len(predictions)))


def most_confident_mistakes(predictions: Predictions, limit: int) -> NDArray[np.int64]:  # (mistakes,)
    """Return indices of misclassified images, the most confident first; of equals, the earlier in the data set."""
    wrong = np.flatnonzero(predictions.labels != predictions.predicted)
    order = np.lexsort((predictions.positions[wrong], -predictions.confidences[wrong]))
    return wrong[order[:limit]]


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    ratio = np.full(len(whole), np.nan)
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio
