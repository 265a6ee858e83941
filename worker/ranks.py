"""Which of several processes this one is, as torchrun tells it, and how many there should be. It knows no torch."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEVICES = Path("/dev")
ACCELERATOR = re.compile(r"nvidia\d+|kfd\d*|renderD\d+")
"""Files of accelerators under /dev; of other graphics cards too, so that torch has the last word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rank:
    number: int = 0
    """0 is the first, which speaks for all."""
    processes: int = 1
    local: int = 0
    """Its number on this machine."""

    @property
    def is_first(self) -> bool:
        return self.number == 0


ALONE = Rank()


def rank_of(environment: Mapping[str, str]) -> Rank | None:
    """Return what torchrun says in the environment; None where it did not start this process."""
    given = [environment.get(name, "") for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")]
    if not all(each.isdigit() for each in given):
        return None
    number, processes, local = map(int, given)
    return Rank(number=number, processes=processes, local=local)


def accelerators_seen(devices: Path = DEVICES) -> int:
    """Return how many accelerators there may be, without asking a driver: more than there are, but never fewer."""
    folders = [devices, devices / "dri"]
    return sum(bool(ACCELERATOR.fullmatch(file.name)) for each in folders if each.is_dir() for file in each.iterdir())


def only_device(environment: Mapping[str, str], rank: Rank) -> str:
    """Return the CUDA_VISIBLE_DEVICES of a process that is to see its own accelerator and no other."""
    given = environment.get("CUDA_VISIBLE_DEVICES")
    if given is None:
        return str(rank.local)
    visible = [each for each in given.split(",") if each]  # none where accelerators are hidden, by "" or by "-1"
    return visible[rank.local] if rank.local < len(visible) else ""
