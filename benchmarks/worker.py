"""How fast the worker trains, beside torchvision's own training reference written plainly, on the same images.

    python -m benchmarks.worker              # for minutes, on two cores
    python -m benchmarks.worker --quick      # fewer images and sizes, for a minute

The images are cut from the two photographs that ship with scikit-learn, and stored as JPEG files. Times are of the wall
clock, the best of some rounds in which the two take turns: other work on the machine slows whoever it meets.
"""

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_sample_images

from benchmarks import accuracy
from benchmarks.plain_trainer import PlainTrainer
from podium.trainer import Training
from worker import numerics
from worker.course import Course
from worker.data import open_images
from worker.fastest import fastest_precision
from worker.features import Source, features_of
from worker.learner import Learner, Task, build_learner
from worker.loading import Loaders
from worker.machine import Machine
from worker.preparation import Preparation
from worker.processors import usable_processors
from worker.seeding import seed_everything
from worker.split import split_by_label
from worker.tally import NOTHING, never_leave
from worker.training import fit, train_one_epoch

SEED = 7
WIDTH, HEIGHT = 500, 375
"""Of the JPEG files, near those of ImageNet."""
LABELS = ("china", "flower")
EPOCHS = 35
"""Of a feature extractor of the original study."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is measured."""

    images: int
    rounds: int
    sizes: Sequence[int]
    trials: int


FULL = Extent(images=160, rounds=3, sizes=(32, 64, 128, 224), trials=10)
QUICK = Extent(images=48, rounds=2, sizes=(32, 224), trials=3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer images and rounds")
    extent = QUICK if parser.parse_args().quick else FULL
    numerics.settle(usable_processors())
    with tempfile.TemporaryDirectory() as folder:
        place = Place(root=Path(folder))
        write_photographs(place.photographs, extent.images)
        fine_tuning(place, extent)
        reading(place, extent)
        preparing(place, extent)
        compiling(place, extent)
        extraction(place, extent)
        promotion(place)
    accuracy.compare(accuracy.QUICK if extent is QUICK else accuracy.FULL)


def fine_tuning(place: "Place", extent: Extent) -> None:
    print("Fine-tuning all layers of a ResNet-18, images a second; the worker reads its cache of decoded images:\n")
    print("| pixels | reference, fp32 | worker, fp32 | ratio | worker, auto | picked | ratio |\n" + "|---" * 7 + "|")
    for pixels in extent.sizes:
        exact, course = place.trial(place.settings(image_size=pixels))
        quick, _ = place.trial(place.settings(image_size=pixels, precision="auto"))
        quick.precision = fastest_precision(quick, course, place.machine.cache_folder)
        plain = place.plain(exact, course, workers=usable_processors())
        works: list[Callable[[], object]] = [plain.train_one_epoch]
        works += [partial(train_an_epoch, learner, course) for learner in (exact, quick)]
        rates = [len(course.split.train) / seconds for seconds in best_in_turns(works, extent.rounds)]
        reference, ours, fastest = rates
        print(
            f"| {pixels} | {reference:.1f} | {ours:.1f} | {ours / reference:.2f} | {fastest:.1f} | {quick.precision} "
            f"| {fastest / reference:.2f} |",
            flush=True,
        )


EPOCH_IMAGES = 8144
"""What Stanford Cars has to train on."""


def train_an_epoch(learner: Learner, course: Course) -> None:
    train_one_epoch(learner, course, epoch=1, trained=NOTHING, watch=never_leave)


def reading(place: "Place", extent: Extent) -> None:
    print("\nReading images at 224 pixels, by what the cache is:")
    print(f"milliseconds for one, and seconds for an epoch of {EPOCH_IMAGES:,}\n")
    positions = torch.arange(extent.images)
    for cache in ("none", "memory", "disk"):
        images = open_images(place.settings(image_size=224, cache=cache), place.machine)
        [seconds] = best_in_turns([lambda each=images: each.pixels(positions)], extent.rounds)  # type: ignore[misc]  # a default binds it
        each = seconds / len(positions)
        print(f"- {cache}: {1000 * each:.2f}, {EPOCH_IMAGES * each:.1f}", flush=True)


def preparing(place: "Place", extent: Extent) -> None:
    print("\nPreparing images at 224 pixels with RandAugment for a device that waits for them, images a second:\n")
    _, course = place.trial(place.settings(image_size=224, augmentation="randaugment"))
    for count in (0, 1, usable_processors()):
        with Loaders(Preparation(images=course.images, augmentation=course.augmentation), count=count) as loaders:
            work = partial(prepare_an_epoch, replace(course, loaders=loaders), itertools.count(1))
            [seconds] = best_in_turns([work], extent.rounds)
        print(f"- {count} loaders: {extent.images / seconds:.0f}", flush=True)


def prepare_an_epoch(course: Course, epochs: Iterator[int]) -> None:
    """Prepare what the next epoch trains on, and what it is judged by."""
    epoch = next(epochs)
    for batch, positions in enumerate(course.batches(epoch)):
        course.to_train_on(positions, torch.device("cpu"), epoch=epoch, batch=batch)
    for positions in course.validation_batches():
        course.to_judge_by(positions, torch.device("cpu"))


def compiling(place: "Place", extent: Extent) -> None:
    print("\nFine-tuning all layers of a ResNet-18 at 64 pixels, images a second:\n")
    trials = [place.trial(place.settings(image_size=64, compile=is_compiled)) for is_compiled in (False, True)]
    works = [partial(train_an_epoch, learner, course) for learner, course in trials]
    for name, seconds in zip(("plain", "compiled"), best_in_turns(works, extent.rounds), strict=True):
        print(f"- {name}: {len(trials[0][1].split.train) / seconds:.1f}", flush=True)


def extraction(place: "Place", extent: Extent) -> None:
    print(f"\nThe last layer of a ResNet-18 at 224 pixels, {EPOCHS} epochs and their validations, in seconds:\n")
    settings = place.settings(image_size=224, trainable="head", weights=place.pretrained(), learning_rate=0.001)
    learner, course = place.trial(settings)
    plain = place.plain(learner, course, workers=usable_processors())
    place = replace(place, cache="empty")  # the first trial decodes the images, too

    def reference() -> None:
        for _ in range(EPOCHS):
            plain.train_one_epoch()
            plain.evaluate()

    plain_seconds, accuracy = seconds_of(reference), plain.evaluate()
    print(f"- reference: {plain_seconds:.1f}, accuracy {accuracy:.3f}", flush=True)
    for trial in range(1, extent.trials + 1):
        seconds, accuracy = place.extracted(settings)
        told = f"{plain_seconds / seconds:.0f} times as fast" if seconds else ""
        print(f"- worker, trial {trial}: {seconds:.2f}, accuracy {accuracy:.3f}; {told}", flush=True)


def promotion(place: "Place") -> None:
    print("\nA ResNet-18 at 64 pixels trained for 8 epochs, and for 4 that a promotion to 8 follows:\n")
    settings = place.settings(image_size=64)

    def straight() -> None:
        list(fit(*place.trial(settings), range(1, 9)))

    def promoted() -> None:
        first, course = place.trial(settings)
        list(fit(first, course, range(1, 5)))
        second, course = place.trial(settings)
        second.restore(first.to_bytes(4))
        list(fit(second, course, range(5, 9)))

    one, two = best_in_turns([straight, promoted], 3)
    print(f"- straight {one:.2f} s, with a promotion {two:.2f} s: {two / one - 1:+.1%}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A folder of photographs, and what trains on them."""

    root: Path
    cache: str = "cache"

    @property
    def photographs(self) -> Path:
        return self.root / "photographs"

    @property
    def machine(self) -> Machine:
        return Machine(
            threads=torch.get_num_threads(), memory_bytes=2**33, cache_folder=self.root / self.cache, cache_bytes=2**33
        )

    def settings(self, **changes: object) -> Training:
        given = {"dataset": "image_folder", "data": str(self.photographs), "learning_rate": 0.01, "batch_size": 16}
        given["precision"] = "fp32"
        return Training.model_validate({**given, **changes})

    def trial(self, settings: Training) -> tuple[Learner, Course]:
        images = open_images(settings, self.machine)
        course = Course.of(settings, images, split_by_label(images, SEED), seed=SEED, trial=1)
        seed_everything(SEED)
        task = Task(classes=len(images.classes), full_epochs=EPOCHS)
        return build_learner(settings, task, torch.device("cpu")), course

    def plain(self, learner: Learner, course: Course, *, workers: int) -> PlainTrainer:
        """Return the reference that trains the same weights, and reads files by so many processes."""
        weights = learner.model.state_dict()
        return PlainTrainer(learner.training, course.split, weights=weights, workers=workers)

    def pretrained(self) -> str:
        path = self.root / "weights.pt"
        learner, _ = self.trial(self.settings(image_size=32))
        torch.save(learner.model.state_dict(), path)
        return str(path)

    def extracted(self, settings: Training) -> tuple[float, float]:
        """Train the last layer as a worker does, from its images on; return the seconds, and the accuracy."""
        began = time.perf_counter()
        learner, course = self.trial(settings)
        source = Source(
            model=learner.model,
            images=course.images,
            augmentation=course.augmentation,
            training=settings,
            seed=SEED,
            device=learner.device,
        )
        features = features_of(source, self.machine, lambda: None)
        *_, last = fit(learner, replace(course, features=features), range(1, EPOCHS + 1))
        return time.perf_counter() - began, last.validation.accuracy


def write_photographs(root: Path, count: int) -> None:
    """Cut pieces out of two photographs, at random, and store them as JPEG files."""
    generator = np.random.default_rng(SEED)
    for label, photograph in zip(LABELS, load_sample_images().images, strict=True):
        (root / label).mkdir(parents=True)
        for number in range(count // len(LABELS)):
            top = generator.integers(0, photograph.shape[0] - 200)
            left = generator.integers(0, photograph.shape[1] - 300)
            piece = Image.fromarray(photograph[top : top + 200, left : left + 300])
            piece.resize((WIDTH, HEIGHT)).save(root / label / f"{number:04}.jpg", quality=90)


def best_in_turns(works: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Let each do its work once unmeasured, then in turns; return the least seconds of each."""
    for work in works:
        work()
    took = [[seconds_of(work) for work in works] for _ in range(rounds)]
    return [min(of_one) for of_one in zip(*took, strict=True)]


def seconds_of(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
