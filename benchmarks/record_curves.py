"""Record real learning curves with the worker's own training code: ResNet-18, the original study's seven parameters.

    python -m benchmarks.record_curves --raw build/curves               # hours; may be killed and started again
    python -m benchmarks.record_curves --raw build/curves --backwards   # beside it, on another thread
    python -m benchmarks.record_curves --raw build/curves --pack        # the Parquet file, of what there is

A task's first configurations are a seeded Sobol sequence. Those after them are neighbors of the best of the sequence,
so that a surrogate is faithful where optimizers look. One configuration is one line of `<raw>/<task>.jsonl`, written
when it has ended; a start goes on with what has no line there and no rows in the Parquet file. One thread; `seconds`
are of CPU, so that other work on the machine does not count.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.curve_table import PACKED, Line, append_lines, lines_of, pack, unpack
from benchmarks.fashion_mnist import write_folder
from benchmarks.finished_trials import spec_of
from controller.space import Space
from podium.parameters import Configuration
from podium.recipe import Recipe
from podium.trainer import Training
from worker import numerics
from worker.augmentation import Augmentation
from worker.cohort import FOR_TRIAL
from worker.course import Course
from worker.decoding import Decoded
from worker.digits import Digits
from worker.image_folder import image_folder
from worker.images import Images
from worker.learner import Task, build_learner
from worker.seeding import generator_for, seed_everything
from worker.split import Split, split_by_label
from worker.training import Diverged, fit

EPOCHS = 16
SEED = 4
IMAGE_SIZE = 16
"""Pixels; an epoch takes a third of the time that it takes at 32, and the accuracies differ as much."""
IMAGES_TRAINED = 240
"""Balanced; all that are held out, 360 and 400, are validated on. One thread finishes a configuration in 12 seconds."""
FASHION_IMAGES_PER_LABEL = 200
FOR_SHARE = 9
"""Sets the choice of the images that are trained on apart from the worker's uses of a seed."""
SOBOL, NEIGHBORS = 200, 60
PARENTS = 20
NEIGHBOR_SCALE = 0.12
"""Standard deviation of a neighbor's move in the unit cube."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Configurations of one task, from one number to before another."""

    task: str
    first: int
    end: int


PLAN = (
    Part(task="digits", first=0, end=SOBOL),
    Part(task="fashion-mnist", first=0, end=SOBOL),
    Part(task="digits", first=SOBOL, end=SOBOL + NEIGHBORS),
    Part(task="fashion-mnist", first=SOBOL, end=SOBOL + NEIGHBORS),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--raw", type=Path, required=True, help="folder of the lines, and of Fashion-MNIST's images")
    parser.add_argument("--task", choices=["digits", "fashion-mnist"], help="record this one only")
    parser.add_argument("--backwards", action="store_true", help="begin at the end: a second recorder beside the first")
    parser.add_argument("--pack", action="store_true", help=f"write {PACKED.name} instead of recording")
    arguments = parser.parse_args()
    if arguments.pack:
        pack(arguments.raw)
        return
    numerics.settle(1)
    for part in PLAN:
        if arguments.task in (None, part.task):
            unpack(part.task, arguments.raw)
            record(part, arguments.raw, backwards=arguments.backwards)


def record(part: Part, raw: Path, *, backwards: bool = False) -> None:
    """Train what has no line yet, and append its line. Neighbors wait for the whole sequence: it has their parents."""
    path = raw / f"{part.task}.jsonl"
    before = Part(task=part.task, first=0, end=part.first)
    if left_of(before, path) or not left_of(part, path):
        return
    images = images_of(part.task, raw)
    split = share_of(split_by_label(images, SEED), images)
    space = Space(spec_of(part.task, parallelism=1, seed=SEED).parameters)
    configurations = sobol(space) if part.first == 0 else neighbors(space, lines_of(path))
    while left := left_of(part, path):  # read again each time: another recorder may be at work
        number = left[-1] if backwards else left[0]
        configuration = configurations[number - part.first]
        course = Course(
            images=images,
            split=split,
            augmentation=Augmentation(Recipe(), classes=len(images.classes), seed=SEED, trial=number),
            batch_size=int(configuration["batch_size"]),
            image_size=IMAGE_SIZE,
            seed=SEED,
            trial=number,
        )
        line = {"number": number, "configuration": configuration, **curve(configuration, course)}
        append_lines(path, [line])
        print(f"{part.task} {number}: {line['val_accuracy'][-1:]} {sum(line['seconds']):.1f} s", flush=True)


def left_of(part: Part, path: Path) -> list[int]:
    done = {line["number"] for line in lines_of(path)}
    return [number for number in range(part.first, part.end) if number not in done]


def images_of(task: str, raw: Path) -> Images:
    if task == "digits":
        return InMemory(Digits(image_size=IMAGE_SIZE))
    folder = raw / task
    write_folder(folder, images_per_label=FASHION_IMAGES_PER_LABEL)
    pictures = image_folder(str(folder), keep_empty=False)
    return InMemory(Decoded(pictures, image_size=IMAGE_SIZE, threads=1))


class InMemory:
    """A data set whose pixels are read once: hundreds of trainings would decode every file thousands of times."""

    def __init__(self, images: Images) -> None:
        self._images = images
        self._pixels = images.pixels(torch.arange(len(images.labels)))  # (images, 3, size, size)

    @property
    def classes(self) -> Sequence[str]:
        return self._images.classes

    @property
    def labels(self) -> torch.Tensor:  # (images,)
        return self._images.labels

    @property
    def identity(self) -> str:
        return self._images.identity

    @property
    def content(self) -> str:
        return self._images.content

    @property
    def is_decoded(self) -> bool:
        return True

    def name(self, position: int) -> str:
        return self._images.name(position)

    def pixels(self, positions: torch.Tensor) -> torch.Tensor:  # (batch, 3, size, size)
        return self._pixels[positions]


def share_of(split: Split, images: Images) -> Split:
    """Return the split with a fixed, balanced share of its training images."""
    generator, kept = generator_for(SEED, FOR_SHARE), []
    for label in range(len(images.classes)):
        positions = split.train[images.labels[split.train] == label]
        kept.append(positions[torch.randperm(len(positions), generator=generator)][: IMAGES_TRAINED // 10])
    return Split(train=torch.cat(kept).sort().values, validation=split.validation)


def sobol(space: Space) -> list[Configuration]:
    return space.decode(space.sobol(SOBOL, np.random.default_rng(SEED)))


def neighbors(space: Space, recorded: Sequence[Line]) -> list[Configuration]:
    """Return neighbors of the best of the Sobol points, each parent in its turn."""
    ended = [line for line in recorded if line["number"] < SOBOL and len(line["val_loss"]) == EPOCHS]
    best = sorted(ended, key=lambda line: (-line["val_accuracy"][-1], line["val_loss"][-1]))[:PARENTS]
    parents = space.encode([best[turn % len(best)]["configuration"] for turn in range(NEIGHBORS)])
    return space.decode(space.neighbors(parents, scale=NEIGHBOR_SCALE, rng=np.random.default_rng(SEED)))


def curve(configuration: Configuration, course: Course) -> Line:
    """Train with the worker's code; a loss that is not finite ends the curve, as it ends a trial."""
    seed_everything(course.seed, FOR_TRIAL, course.trial)
    training = Training.model_validate({"dataset": "digits", **configuration})  # the data set is the course's
    task = Task(classes=len(course.images.classes), full_epochs=EPOCHS)
    learner = build_learner(training, task, torch.device("cpu"))
    line: Line = {"val_accuracy": [], "val_loss": [], "seconds": []}
    began = time.process_time()
    try:
        for result in fit(learner, course, range(1, EPOCHS + 1)):
            ended = time.process_time()
            line["val_accuracy"].append(result.validation.accuracy)
            line["val_loss"].append(result.validation.loss)
            line["seconds"].append(ended - began)
            began = ended
    except Diverged:
        line["seconds"].append(time.process_time() - began)
    return line


if __name__ == "__main__":
    main()
