"""The application with its pages on a real socket, with experiments that look like real ones."""

import importlib.util
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.finished_trials import add_experiment, spec_of
from controller import lifecycle, store
from controller.database import transaction
from podium import whole_file
from podium.results import SUMMARY, Cell, ClassResult, Confusion, Mistake, Summary
from tests.service import Service

TRIALS = 120
SHOWN_MISTAKES = 24
SEEN = 1438
"""Of 1,797 digits, those that the classifier learns from."""
Document = dict[str, Any]  # Any: JSON

TRAINED: Document = {
    "name": "digits-resnet18",
    "trial": None,
    "training": {"dataset": "digits", "model": "resnet18", "image_size": 32},
    "fidelity": {"rungs": {"full": 4}},
    "budget": {"cost": 8.0},
    "parallelism": 1,
}


@dataclass(kw_only=True)
class Site:
    service: Service
    url: str
    search: str = field(init=False)
    """An experiment of 120 finished trials."""
    trained: str = field(init=False)
    """One whose first trial was trained in full, with its results."""

    def __post_init__(self) -> None:
        self.trained = _trained(self.service)
        self.search = _finished(self.service)


def _finished(service: Service) -> str:
    spec = spec_of("resnet50-cars", parallelism=4, seed=3)
    budget = spec.budget.model_copy(update={"cost": 60.0})
    with transaction(service.sessions) as session:
        found = add_experiment(session, spec.model_copy(update={"budget": budget}), TRIALS, service.clock())
        row = store.experiment(session, found)
        lifecycle.complete(session, row, "what is left of the budget pays for no further run", service.clock())
    return found


def _trained(service: Service) -> str:
    experiment_id = begin_training(service)
    finish_training(service, experiment_id)
    return experiment_id


def begin_training(service: Service) -> str:
    """Create an experiment whose first trial is in flight."""
    experiment_id = service.create(**TRAINED)
    service.settle()
    return experiment_id


def finish_training(service: Service, experiment_id: str) -> None:
    """Train the first trial in full, and leave its results."""
    job = f"{experiment_id}-t1-e4-a1"
    given = service.assignment(job)
    for epoch in range(1, 5):
        service.clock.advance(20)
        service.report(job, epoch, 0.9 - 0.5 / epoch, train_loss=1.6 / epoch, val_loss=1.7 / epoch + 0.1)
    _write_results(given["results"])
    service.cluster.exit(job, 0, log="epoch 4: \x1b[32mval_accuracy 0.775\x1b[0m\n")
    service.settle()


def _write_results(folder: str) -> None:
    """Write what a nearest-centroid classifier makes of the digits; it is wrong about as often as a short training."""
    table = np.loadtxt(_digits(), delimiter=",")  # (1797, 64 + 1)
    images, labels = table[:, :-1] * 255 / 16, table[:, -1].astype(int)
    seen, held = images[:SEEN], images[SEEN:]
    centres = np.stack([seen[labels[:SEEN] == label].mean(axis=0) for label in range(10)])
    distances = ((held[:, None, :] - centres[None]) ** 2).mean(axis=2)  # (images, labels)
    guesses, truth = distances.argmin(axis=1), labels[SEEN:]
    sure = np.exp(-distances / 300)
    sure /= sure.sum(axis=1, keepdims=True)
    wrong = sorted(np.flatnonzero(guesses != truth), key=lambda place: -sure[place].max())[:SHOWN_MISTAKES]
    counts = np.zeros((10, 10), dtype=int)
    np.add.at(counts, (truth, guesses), 1)
    mistakes = []
    for number, place in enumerate(wrong):
        content = io.BytesIO()
        Image.fromarray(held[place].reshape(8, 8).astype(np.uint8)).resize((32, 32)).save(content, "PNG")
        file = f"mistakes/{number:02}.png"
        whole_file.write(f"{folder}/{file}", content.getvalue())
        mistakes.append(
            Mistake(
                file=file,
                position=SEEN + int(place),
                name=f"digit {SEEN + int(place)} of scikit-learn",
                label=str(truth[place]),
                predicted=str(guesses[place]),
                confidence=float(sure[place].max()),
            )
        )
    whole_file.write(f"{folder}/{SUMMARY}", _summary(counts, mistakes).model_dump_json().encode())


def _digits() -> Path:
    """Find scikit-learn's digits without importing it."""
    package = importlib.util.find_spec("sklearn")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"


def _summary(counts: np.ndarray[Any, np.dtype[np.int_]], mistakes: list[Mistake]) -> Summary:
    right = counts.diagonal()
    cells = [Cell(a, b, int(counts[a, b])) for a in range(10) for b in range(10) if counts[a, b]]
    errors = sorted((cell for cell in cells if cell.label != cell.predicted), key=lambda cell: -cell.images)
    classes = [
        ClassResult(
            name=str(label),
            images=int(counts[label].sum()),
            correct=int(right[label]),
            predicted=int(counts[:, label].sum()),
            accuracy=float(right[label] / counts[label].sum()),
            f1=float(2 * right[label] / (counts[label].sum() + counts[:, label].sum())),
        )
        for label in range(10)
    ]
    return Summary(
        epoch=4,
        data_digest="d" * 64,
        split_digest="5" * 64,
        images=int(counts.sum()),
        top1=float(right.sum() / counts.sum()),
        top5=None,
        loss=0.4321,
        macro_f1=float(np.mean([each.f1 or 0.0 for each in classes])),
        calibration_error=0.0625,
        classes=classes,
        confusion_matrix=cells,
        confusions=[Confusion(label=str(a), predicted=str(b), count=count) for a, b, count in errors],
        mistakes=mistakes,
    )
