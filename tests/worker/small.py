"""Small data and small learners, so that an epoch takes a fraction of a second."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from podium.trainer import Training
from worker.augmentation import Augmentation
from worker.course import Course
from worker.digits import Digits
from worker.learner import Learner, Task, build_learner
from worker.machine import Machine
from worker.seeding import seed_everything
from worker.split import Split

SEED = 7
TRIAL = 3
FULL_EPOCHS = 4


def training(**changes: object) -> Training:
    given: dict[str, object] = {"dataset": "digits", "image_size": 32, "learning_rate": 0.02, "batch_size": 16}
    return Training.model_validate({**given, **changes})


def learner(settings: Training | None = None) -> Learner:
    seed_everything(SEED, TRIAL)
    return build_learner(settings or training(), Task(classes=10, full_epochs=FULL_EPOCHS), torch.device("cpu"))


def course(*, train: int = 49, validation: int = 20, batch_size: int = 16, settings: Training | None = None) -> Course:
    """The first digits; 49 = 3 * 16 + 1 leaves a last batch of one image."""
    return Course(
        images=Digits(image_size=32),
        split=Split(train=torch.arange(train), validation=torch.arange(train, train + validation)),
        augmentation=Augmentation(settings or training(), classes=10, seed=SEED, trial=TRIAL),
        batch_size=batch_size,
        image_size=32,
        seed=SEED,
        trial=TRIAL,
    )


def few_digits(count: int) -> Digits:
    """The first digits, as a data set of so many images; 40 have four of each label or nearly."""
    images = Digits(image_size=32)
    images._small, images._labels = images._small[:count], images._labels[:count]
    return images


def machine(cache_folder: Path, *, memory_bytes: int = 2**30, cache_bytes: int = 2**30) -> Machine:
    return Machine(threads=2, memory_bytes=memory_bytes, cache_folder=cache_folder, cache_bytes=cache_bytes)


def weights(trained: Learner) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in trained.model.state_dict().items()}


def differing(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> list[str]:
    assert left.keys() == right.keys()
    return [name for name in left if not torch.equal(left[name], right[name])]


def state_of(stored: bytes) -> object:
    """Return what a checkpoint holds, as values that are equal when their last bit is."""
    return _comparable(torch.load(io.BytesIO(stored), weights_only=True))


def _comparable(state: object) -> object:
    if isinstance(state, torch.Tensor):
        return str(state.dtype), tuple(state.shape), state.contiguous().numpy().tobytes()
    if isinstance(state, Mapping):
        return {key: _comparable(value) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return [_comparable(value) for value in state]
    return state


def write_images(root: Path, labels: Sequence[str] = ("cat", "dog"), *, each: int = 6) -> Path:
    """Write images that differ by label in color, and otherwise by noise."""
    generator = np.random.default_rng(0)
    for position, label in enumerate(labels):
        (root / label).mkdir(parents=True)
        for number in range(each):
            picture(position, generator).save(root / label / f"{number}.png")
    return root


def picture(color: int, generator: np.random.Generator) -> Image.Image:
    """Return noise with more of one color: red, green or blue."""
    pixels = generator.integers(0, 128, size=(40, 48, 3), dtype=np.uint8)
    pixels[:, :, color % 3] += 127
    return Image.fromarray(pixels)


def colors(pixels: torch.Tensor) -> list[int]:
    """Return the color of each picture."""
    return pixels.float().mean(dim=(2, 3)).argmax(dim=1).tolist()
