"""What a process is told."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Data:
    """Inputs with their targets, and what is known beforehand of the noise of each."""

    inputs: Floats  # (n, dimensions + 1), the last column is z
    targets: Floats  # (n,)
    known: Floats  # (n,), variances, on top of which comes the kernel's own noise

    @classmethod
    def of(cls, inputs: Floats, targets: Floats) -> "Data":
        """Return data of whose noise nothing is known."""
        return cls(inputs, targets, np.zeros(len(targets)))

    def __len__(self) -> int:
        return len(self.targets)
