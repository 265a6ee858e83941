"""Make what the experiments beside this file train on: images of five labels, and weights that know five others.

    python -m examples.fashion.prepare          # from the repository's root; a few minutes on two cores

Fashion-MNIST (Xiao et al. 2017) comes from Debian's package `dataset-fashion-mnist` where that is installed, and else
from torchvision's download. A ResNet-18 is trained on trousers, shoes and bags, with the worker's own code, and handed
on to tell tops apart: the transfer that ImageNet's weights are for, without ImageNet.
"""

import gzip
import os
from pathlib import Path

import torch
from PIL import Image
from torchvision.datasets import FashionMNIST

from podium.trainer import Training
from worker import numerics
from worker.course import Course
from worker.data import open_images
from worker.learner import Task, build_learner
from worker.machine import this_machine
from worker.seeding import seed_everything
from worker.split import split_by_label
from worker.training import fit

ROOT = Path("build/fashion")
PACKAGED = Path("/usr/share/datasets/fashion-mnist")
PRETRAINED_ON = ("Trouser", "Sandal", "Sneaker", "Bag", "Ankle boot")
TOLD_APART = ("T-shirt/top", "Pullover", "Dress", "Coat", "Shirt")
PRETRAINING = Training(
    dataset="image_folder",
    data=str(ROOT / "pretraining"),
    image_size=32,
    learning_rate=0.05,
    lr_schedule="cosine",
    warmup_epochs=1,
    batch_size=64,
)
EPOCHS = 6
SEED = 7


def main() -> None:
    unpack(ROOT)
    images = FashionMNIST(str(ROOT), train=True)
    write_folder(images, PRETRAINED_ON, ROOT / "pretraining", each=500)
    write_folder(images, TOLD_APART, ROOT / "tops", each=150)
    pretrain(ROOT / "weights.pt")


def unpack(root: Path) -> None:
    """Put the data set where torchvision looks for it."""
    raw = root / "FashionMNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for packed in PACKAGED.glob("*.gz"):
        (raw / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    if not any(raw.iterdir()):
        FashionMNIST(str(root), download=True)


def write_folder(images: FashionMNIST, labels: tuple[str, ...], folder: Path, *, each: int) -> None:
    """Write the first images of some labels as PNG files, one sub-folder per label."""
    for label in labels:
        below = folder / label.replace("/", "-").replace(" ", "-").lower()
        below.mkdir(parents=True, exist_ok=True)
        positions = torch.nonzero(images.targets == images.class_to_idx[label]).flatten()[:each]
        for position in positions.tolist():
            Image.fromarray(images.data[position].numpy()).save(below / f"{position:05}.png")


def pretrain(path: Path) -> None:
    machine = this_machine(os.environ)
    numerics.settle(machine.threads)
    images = open_images(PRETRAINING, machine)
    course = Course.of(PRETRAINING, images, split_by_label(images, SEED), seed=SEED, trial=0)
    seed_everything(SEED)
    learner = build_learner(PRETRAINING, Task(classes=len(images.classes), full_epochs=EPOCHS), torch.device("cpu"))
    for result in fit(learner, course, range(1, EPOCHS + 1)):
        print(
            f"pretraining: epoch {result.epoch} of {EPOCHS}, validation accuracy {result.validation.accuracy:.1%}",
            flush=True,
        )
    torch.save(learner.model.state_dict(), path)
    print(f"{path} is written; go on with: python examples/study.py examples/fashion/*.yaml")


if __name__ == "__main__":
    main()
