"""Pictures that note each decoding in a file, and a process that caches them: `python -m tests.worker.noted_pictures`.

python -m tests.worker.noted_pictures NOTES CACHE_FOLDER SECONDS_PER_IMAGE
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from tests.worker.small import machine, picture
from worker.decoded_images import decoded_once
from worker.decoding import Decoded

COUNT = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedPictures:
    notes: Path
    seconds: float = 0.0
    """For each decoding."""
    identity: str = "noted"
    content: str = "noted"

    @property
    def classes(self) -> Sequence[str]:
        return ("red", "green")

    @property
    def labels(self) -> torch.Tensor:  # (COUNT,)
        return torch.arange(COUNT) % 2

    def name(self, position: int) -> str:
        return f"picture {position}"

    def open(self, position: int) -> Image.Image:
        time.sleep(self.seconds)
        with self.notes.open("a") as notes:
            notes.write(f"{position}\n")
        return picture(position % 2, np.random.default_rng(position))


def noted(notes: Path) -> int:
    """Return how many decodings are noted."""
    return len(notes.read_text().splitlines()) if notes.exists() else 0


def decoded(notes: Path, *, image_size: int = 32, seconds: float = 0.0) -> Decoded:
    return Decoded(NotedPictures(notes=notes, seconds=seconds), image_size=image_size, threads=2)


if __name__ == "__main__":
    notes, folder, seconds = sys.argv[1:]
    decoded_once(decoded(Path(notes), seconds=float(seconds)), "disk", machine(Path(folder)))
