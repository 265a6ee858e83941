"""Where randomness comes from: numbers derived from what they are for, never from time or from what ran before.

The order of an epoch depends on (seed, trial, epoch) alone, so that a resumed run shuffles as a straight one would.
"""

import random
from collections.abc import Mapping
from typing import TypedDict

import numpy as np
import torch

from worker.ranks import Rank

FOR_RANK = 9
"""Sets the processes of one training apart."""


class RandomStates(TypedDict):
    """The states of every generator that training may draw from, as values that `weights_only` loading accepts."""

    python: tuple[object, ...]
    numpy: Mapping[str, object]
    torch: torch.Tensor
    cuda: list[torch.Tensor]


def derived_seed(*purpose: int) -> int:
    """Return a seed of 63 bits for these numbers; near numbers give unrelated seeds."""
    return int(np.random.SeedSequence(purpose).generate_state(1, np.uint64)[0] >> np.uint64(1))


def generator_for(*purpose: int) -> torch.Generator:
    return torch.Generator().manual_seed(derived_seed(*purpose))


def seed_everything(*purpose: int) -> None:
    """Seed Python's, NumPy's and torch's global generators."""
    seed = derived_seed(*purpose)
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def seed_follower(rank: Rank, *purpose: int) -> None:
    """Let a process that follows the first draw numbers of its own, of which a checkpoint need not know."""
    if not rank.is_first:
        torch.manual_seed(derived_seed(FOR_RANK, *purpose, rank.number))


def random_states() -> RandomStates:
    name, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    return RandomStates(
        python=random.getstate(),
        numpy={
            "name": name,
            "keys": torch.from_numpy(np.asarray(keys, dtype=np.int64)),
            "position": int(position),
            "has_gauss": int(has_gauss),
            "cached": float(cached),
        },
        torch=torch.get_rng_state(),
        cuda=torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    )


def restore_random_states(states: RandomStates) -> None:
    random.setstate(states["python"])
    numpy = dict(states["numpy"])
    keys = numpy["keys"]
    assert isinstance(keys, torch.Tensor)
    legacy = (numpy["name"], keys.numpy().astype(np.uint32), numpy["position"], numpy["has_gauss"], numpy["cached"])
    np.random.set_state(legacy)  # type: ignore[arg-type]  # the stub wants the very types that it returns
    torch.set_rng_state(states["torch"])
    if states["cuda"] and len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])
