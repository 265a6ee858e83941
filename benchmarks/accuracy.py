"""Whether the worker is as accurate as torchvision's own training reference: paired seeds, the same real images.

    python -m benchmarks.accuracy              # for minutes, on two cores; a part of `make trainer`
    python -m benchmarks.accuracy --quick

Trained on few images of Fashion-MNIST and judged on many: what is left of the differences is that of the trainers. Of a
seed all begin with the same weights; the order of the images is their own, as is that of two runs of the reference.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from scipy import stats

from benchmarks import fashion_mnist
from benchmarks.plain_trainer import PlainTrainer
from podium.trainer import Training
from worker import numerics
from worker.course import Course
from worker.data import open_images
from worker.fastest import fastest_precision
from worker.features import Source, features_of
from worker.learner import Learner, Task, build_learner
from worker.machine import Machine
from worker.processors import usable_processors
from worker.seeding import seed_everything
from worker.split import Split
from worker.tally import NOTHING, never_leave
from worker.training import evaluate, train_one_epoch

SPLIT_SEED = 7
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is trained."""

    seeds: int
    epochs: int
    trained: int
    """Images of each of ten labels."""
    judged: int


FULL = Extent(seeds=5, epochs=6, trained=100, judged=300)
QUICK = Extent(seeds=2, epochs=3, trained=20, judged=40)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer seeds, epochs and images")
    extent = QUICK if parser.parse_args().quick else FULL
    numerics.settle(usable_processors())
    compare(extent)


def compare(extent: Extent) -> None:
    """Print a table for fine-tuning, and one for the last layer alone."""
    with laid_out(extent) as place:
        print(
            f"\nA ResNet-18 at 32 pixels, {extent.epochs} epochs of {10 * extent.trained:,} images of Fashion-MNIST, "
            f"judged on {10 * extent.judged:,} others, {extent.seeds} paired seeds\n"
        )
        exact, quick = place.settings(), place.settings(precision="auto")
        fine_tuned = {"reference, fp32": (place.by_reference, exact)}
        fine_tuned |= {"worker, fp32": (place.by_worker, exact), "worker, auto": (place.by_worker, quick)}
        show("All layers, from random weights", fine_tuned, extent.seeds)
        head = place.settings(trainable="head", weights=place.pretrained(), learning_rate=0.001)
        extracted = {"reference": (place.by_reference, head), "worker, on features": (place.by_worker, head)}
        show("The last layer, from weights trained on others again", extracted, extent.seeds)


Trainer = Callable[[Training, int], float]
"""Returns the accuracy of a training with a seed."""


def show(title: str, contenders: Mapping[str, tuple[Trainer, Training]], seeds: int) -> None:
    """Train with each seed by all contenders in turn; print what came of it, beside the first of them."""
    reached: dict[str, list[float]] = {name: [] for name in contenders}
    seconds = dict.fromkeys(contenders, 0.0)
    for seed in range(1, seeds + 1):
        for name, (trainer, settings) in contenders.items():
            began = time.perf_counter()
            reached[name].append(trainer(settings, seed))
            seconds[name] += time.perf_counter() - began
    first = next(iter(contenders))
    print(f"| {title} | accuracy | less the reference's | 95% interval | seconds each |\n" + "|---" * 5 + "|")
    for name, accuracies in reached.items():
        mean, error = mean_and_error(accuracies)
        beside = "| | |" if name == first else f"| {beside_of(accuracies, reached[first])} |"
        print(f"| {name} | {mean:.4f} +- {error:.4f} {beside} {seconds[name] / seeds:.1f} |", flush=True)
    print()


def beside_of(accuracies: Sequence[float], reference: Sequence[float]) -> str:
    """Return the mean paired difference, and Student's interval for it."""
    mean, error = mean_and_error([one - other for one, other in zip(accuracies, reference, strict=True)])
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(accuracies) - 1)) * error
    return f"{mean:+.4f} | {mean - reach:+.4f} to {mean + reach:+.4f}"


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean, and its standard error."""
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))


@contextmanager
def laid_out(extent: Extent) -> Iterator["Place"]:
    """Lay out the images in a folder that goes at the end."""
    with tempfile.TemporaryDirectory() as folder:
        fashion_mnist.write_folder(Path(folder) / "fashion", images_per_label=2 * extent.trained + extent.judged)
        yield Place(root=Path(folder), extent=extent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A folder of images, and those who train on them."""

    root: Path
    extent: Extent

    @property
    def machine(self) -> Machine:
        folder = self.root / "cache"
        return Machine(threads=torch.get_num_threads(), memory_bytes=2**33, cache_folder=folder, cache_bytes=2**33)

    def settings(self, **changes: object) -> Training:
        """Return the reference's schedule: one rate, and a tenth of it for the last quarter."""
        return Training.model_validate({
            "dataset": "image_folder", "data": str(self.root / "fashion"), "image_size": 32, "batch_size": 32,
            "learning_rate": 0.02, "lr_schedule": "step", "lr_step_epochs": max(1, self.extent.epochs * 3 // 4),
            "precision": "fp32", **changes,
        })  # fmt: skip

    def by_reference(self, training: Training, seed: int) -> float:
        learner, course = self.trial(training, seed)
        weights = learner.model.state_dict()
        plain = PlainTrainer(training, course.split, weights=weights, workers=usable_processors())
        for _ in range(self.extent.epochs):
            plain.train_one_epoch()
        return plain.evaluate()

    def by_worker(self, training: Training, seed: int) -> float:
        learner, course = self.trial(training, seed)
        if learner.precision is None:
            learner.precision = fastest_precision(learner, course, self.machine.cache_folder)
        source = Source(
            model=learner.model,
            images=course.images,
            augmentation=course.augmentation,
            training=training,
            seed=SPLIT_SEED,
            device=learner.device,
        )
        course = replace(course, features=features_of(source, self.machine, lambda: None))
        trained = NOTHING
        for epoch in range(1, self.extent.epochs + 1):
            trained = train_one_epoch(learner, course, epoch=epoch, trained=NOTHING, watch=never_leave)
        score, _ = evaluate(learner, course, epoch=self.extent.epochs, trained=trained, watch=never_leave)
        return score.accuracy

    def trial(self, training: Training, seed: int, *, part: int = 0) -> tuple[Learner, Course]:
        """Return an untrained learner and what it trains on: one of two parts of the images."""
        images = open_images(training, self.machine)
        seed_everything(seed)
        learner = build_learner(training, Task(classes=10, full_epochs=self.extent.epochs), torch.device("cpu"))
        split = self.split(images.labels, part)
        return learner, Course.of(training, images, split, seed=SPLIT_SEED, trial=seed)

    def split(self, labels: torch.Tensor, part: int) -> Split:
        """Return as many images of each label to train on as there are to be, and the same ones to be judged on."""
        generator = np.random.default_rng(SPLIT_SEED)
        trained, judged = [], []
        for label in range(10):
            of_label = generator.permutation(torch.nonzero(labels == label).flatten().numpy())
            parts = np.split(of_label, [self.extent.trained, 2 * self.extent.trained])
            trained.append(parts[part])
            judged.append(parts[2])
        return Split(
            train=torch.from_numpy(np.concatenate(trained)), validation=torch.from_numpy(np.concatenate(judged))
        )

    def pretrained(self) -> str:
        """Train on the other part of the images, and return the path of the weights."""
        path, training = self.root / "weights.pt", self.settings()
        learner, course = self.trial(training, seed=0, part=1)
        for epoch in range(1, self.extent.epochs + 1):
            train_one_epoch(learner, course, epoch=epoch, trained=NOTHING, watch=never_leave)
        torch.save(learner.model.state_dict(), path)
        return str(path)


if __name__ == "__main__":
    main()
