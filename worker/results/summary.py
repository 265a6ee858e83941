"""The predictions of a full training as the summary that everybody reads."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from podium.results import MOST_MISTAKES, Cell, ClassResult, Confusion, Mistake, Part, Summary
from worker.images import Images
from worker.results import measures
from worker.results.attributes import Attributes, mistaken, split_errors
from worker.results.predictions import Predictions, joined
from worker.split import digest_of

TOP = 5
MOST_CONFUSIONS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The labels of a data set, and what they are made of where that was told."""

    classes: Sequence[str]
    attributes: Attributes | None = None


def summarize(
    by_fold: Sequence[Predictions], labels: Labels, images: Images, *, epoch: int, part: Part = "validation"
) -> Summary:
    """Return everything that is known of the predictions, given fold by fold; `images` tells names and its digest."""
    predictions = joined(by_fold)
    classes, attributes = labels.classes, labels.attributes
    counts = measures.by_class(predictions, len(classes))
    matrix = measures.confusion_matrix(predictions, len(classes))
    return Summary(
        part=part,
        epoch=epoch,
        data_digest=images.content,
        split_digest=digest_of(*(of_fold.positions for of_fold in by_fold)),
        images=len(predictions),
        top1=measures.top_k_accuracy(predictions, 1),
        top5=measures.top_k_accuracy(predictions, TOP) if len(classes) > TOP else None,
        loss=max(0.0, float(predictions.losses.mean())),
        macro_f1=measures.macro_f1(counts),
        calibration_error=measures.calibration_error(predictions),
        classes=_class_results(counts, classes),
        confusion_matrix=matrix,
        confusions=_confusions(matrix, labels),
        attribute_errors=None if attributes is None else split_errors(matrix, classes, attributes),
        mistakes=_mistakes(predictions, classes, images),
    )


def _class_results(counts: measures.ByClass, classes: Sequence[str]) -> list[ClassResult]:
    accuracies, f1 = counts.accuracies().tolist(), counts.f1().tolist()
    return [
        ClassResult(
            name=name,
            images=int(counts.images[each]),
            correct=int(counts.correct[each]),
            predicted=int(counts.predicted[each]),
            accuracy=None if math.isnan(accuracies[each]) else accuracies[each],
            f1=None if math.isnan(f1[each]) else f1[each],
        )
        for each, name in enumerate(classes)
    ]


def _confusions(matrix: Sequence[Cell], labels: Labels) -> list[Confusion]:
    classes, attributes = labels.classes, labels.attributes
    errors = sorted((cell for cell in matrix if cell.label != cell.predicted), key=lambda cell: -cell.images)
    pairs = [(classes[cell.label], classes[cell.predicted], cell.images) for cell in errors[:MOST_CONFUSIONS]]
    return [
        Confusion(
            label=label,
            predicted=predicted,
            count=count,
            mistaken=None if attributes is None else mistaken(attributes, label, predicted),
        )
        for label, predicted, count in pairs
    ]


def _mistakes(predictions: Predictions, classes: Sequence[str], images: Images) -> list[Mistake]:
    chosen = measures.most_confident_mistakes(predictions, MOST_MISTAKES)
    return [
        Mistake(
            file=f"mistakes/{number:02d}.png",
            position=int(predictions.positions[each]),
            name=images.name(int(predictions.positions[each])),
            label=classes[predictions.labels[each]],
            predicted=classes[predictions.predicted[each]],
            confidence=min(1.0, float(predictions.confidences[each])),
        )
        for number, each in enumerate(chosen)
    ]
