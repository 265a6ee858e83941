"""Formulas against scikit-learn's, and by hand where scikit-learn has none or decides otherwise."""

import math

import numpy as np
import pytest
import torch
from sklearn import metrics

from podium.results import Cell
from worker.results import measures
from worker.results.predictions import Predictions, joined, predictions_from

CLASSES = 7


def random_logits(images: int = 300) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits that are right more often than not, of labels of which the last has no image."""
    generator = torch.Generator().manual_seed(5)
    labels = torch.randint(CLASSES - 1, (images,), generator=generator)
    logits = torch.randn(images, CLASSES, generator=generator)
    logits[torch.arange(images), labels] += 1.5
    return logits, labels


def predictions_of(logits: torch.Tensor, labels: torch.Tensor) -> Predictions:
    return predictions_from(logits, labels, torch.arange(len(labels)))


@pytest.fixture
def some() -> Predictions:
    return predictions_of(*random_logits())


def probabilities() -> np.ndarray:
    return random_logits()[0].double().softmax(dim=1).numpy()


def test_accuracy_and_loss_are_scikit_learns(some: Predictions) -> None:
    assert measures.top_k_accuracy(some, 1) == pytest.approx(metrics.accuracy_score(some.labels, some.predicted))
    for k in (2, 5):
        expected = metrics.top_k_accuracy_score(some.labels, probabilities(), k=k, labels=range(CLASSES))
        assert measures.top_k_accuracy(some, k) == pytest.approx(expected)
        assert expected < 1
    loss = metrics.log_loss(some.labels, probabilities(), labels=range(CLASSES))
    assert some.losses.mean() == pytest.approx(loss, rel=1e-6)


def test_f1_and_accuracy_of_each_class_are_scikit_learns(some: Predictions) -> None:
    counts = measures.by_class(some, CLASSES)
    assert measures.macro_f1(counts) == pytest.approx(metrics.f1_score(some.labels, some.predicted, average="macro"))
    recall = metrics.recall_score(some.labels, some.predicted, average=None, labels=range(CLASSES - 1))
    assert counts.accuracies()[:-1] == pytest.approx(recall)
    assert counts.images.sum() == counts.predicted.sum() == len(some)


def test_the_confusion_matrix_is_scikit_learns_without_its_zeros(some: Predictions) -> None:
    dense = np.zeros((CLASSES, CLASSES), dtype=int)
    for label, predicted, count in measures.confusion_matrix(some, CLASSES):
        assert count > 0
        dense[label, predicted] = count
    assert (dense == metrics.confusion_matrix(some.labels, some.predicted, labels=range(CLASSES))).all()


def test_a_binary_confusion_by_hand() -> None:
    """Three of label 0, one of them taken for 1; two of label 1, one of them taken for 0."""
    scores = torch.tensor([[2.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, 3.0], [1.0, 0.0]])
    some = predictions_of(scores, torch.tensor([0, 0, 0, 1, 1]))
    assert measures.confusion_matrix(some, 2) == [Cell(0, 0, 2), Cell(0, 1, 1), Cell(1, 0, 1), Cell(1, 1, 1)]
    counts = measures.by_class(some, 2)
    assert counts.accuracies() == pytest.approx([2 / 3, 1 / 2])
    assert counts.f1() == pytest.approx([4 / 6, 2 / 4])
    assert measures.macro_f1(counts) == pytest.approx((4 / 6 + 2 / 4) / 2)


def test_a_class_without_images_has_no_accuracy_and_no_part_in_the_mean() -> None:
    some = predictions_of(torch.eye(3)[[0, 1, 0]], torch.tensor([0, 1, 1]))
    counts = measures.by_class(some, 3)
    assert counts.accuracies()[:2] == pytest.approx([1.0, 0.5])
    assert math.isnan(counts.accuracies()[2])
    assert math.isnan(counts.f1()[2])
    assert measures.macro_f1(counts) == pytest.approx(2 / 3)


def test_a_class_without_images_that_was_guessed_counts_as_never_right() -> None:
    counts = measures.by_class(predictions_of(torch.eye(3)[[0, 2]], torch.tensor([0, 0])), 3)
    assert counts.f1()[2] == 0.0
    assert measures.macro_f1(counts) == pytest.approx((2 / 3 + 0) / 2)


@pytest.mark.parametrize(("label", "rank"), [(0, 0), (1, 1), (2, 2), (3, 3)])
def test_of_equal_scores_the_first_label_goes_first(label: int, rank: int) -> None:
    """So that top 1 is what is predicted: a model that says the same of all is right about one label in four."""
    some = predictions_of(torch.zeros(1, 4), torch.tensor([label]))
    assert some.ranks.tolist() == [rank]
    assert some.predicted.tolist() == [0]
    assert measures.top_k_accuracy(some, 2) == float(label < 2)


def with_confidences(confidences: list[float], right: list[bool]) -> Predictions:
    ranks = np.where(right, 0, 1)
    return Predictions(
        positions=np.arange(len(right)),
        labels=np.zeros(len(right), dtype=np.int64),
        predicted=ranks,
        ranks=ranks,
        confidences=np.array(confidences),
        losses=np.zeros(len(right)),
    )


@pytest.mark.parametrize(
    ("confidences", "right", "expected"),
    [
        ([1.0, 1.0], [True, True], 0.0),
        ([1.0, 1.0], [False, False], 1.0),
        ([0.75, 0.75, 0.75, 0.75], [True, True, True, False], 0.0),  # as right as it says
        ([0.9, 0.9], [True, False], 0.4),
        ([0.5, 0.5, 0.9, 0.9], [True, True, True, False], 0.5 * 0.5 + 0.5 * 0.4),  # two bins, half of the images each
        ([0.95, 0.97], [True, False], 0.46),  # one bin: both are within (14/15, 1]
    ],
)
def test_the_calibration_error_by_hand(confidences: list[float], right: list[bool], expected: float) -> None:
    assert measures.calibration_error(with_confidences(confidences, right)) == pytest.approx(expected)


def test_a_bin_holds_its_upper_edge() -> None:
    """With two bins 0.5 belongs to the lower one, with 0.4; both gaps then add up before they count."""
    some = with_confidences([0.5, 0.4], [True, False])
    assert measures.calibration_error(some, bins=2) == pytest.approx(abs(0.5 - 0.4) / 2)


def test_the_calibration_error_is_that_of_a_plain_loop(some: Predictions) -> None:
    total = 0.0
    for upper in range(1, measures.BINS + 1):
        inside = (some.confidences > (upper - 1) / measures.BINS) & (some.confidences <= upper / measures.BINS)
        if inside.any():
            right = (some.labels == some.predicted)[inside].mean()
            total += inside.mean() * abs(right - some.confidences[inside].mean())
    assert measures.calibration_error(some) == pytest.approx(total)


def test_the_most_confident_mistakes_come_first_and_equals_by_position() -> None:
    some = with_confidences([0.9, 0.6, 0.8, 0.8, 0.99], [False, False, False, False, True])
    assert measures.most_confident_mistakes(some, 3).tolist() == [0, 2, 3]
    assert measures.most_confident_mistakes(some, 9).tolist() == [0, 2, 3, 1]


def test_batches_joined_are_the_whole() -> None:
    logits, labels = random_logits()
    whole, positions = predictions_of(logits, labels), torch.arange(len(labels))
    parts = joined(predictions_from(logits[at], labels[at], positions[at]) for at in torch.split(positions, 64))
    assert (parts.ranks == whole.ranks).all()
    assert (parts.positions == whole.positions).all()
    assert parts.losses == pytest.approx(whole.losses)
