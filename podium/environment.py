"""Where a trial is trained: versions and hardware, so that a result can be had again.

Nothing is imported to find out: what a process has not loaded does not train in it.
"""

import platform
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

from pydantic import Field

from podium.contract import Contract

LONGEST = 200
Word = Annotated[str, Field(min_length=1, max_length=LONGEST, pattern=r"^[^\x00-\x1f\x7f]+$")]
CPU_INFO = Path("/proc/cpuinfo")
LIBRARIES = (
    *("torch", "torchvision", "lightning", "pytorch_lightning", "transformers", "accelerate", "timm"),
    *("tensorflow", "keras", "jax", "flax", "sklearn", "xgboost", "lightgbm", "catboost", "numpy"),
)
"""Modules whose versions are told where they are loaded."""
ACCELERATORS = ("cuda", "xpu")
"""Of torch, by the names of its modules; ROCm goes by `cuda`."""


class Environment(Contract):
    """What one attempt is trained with and on, as its process tells it."""

    python: Word
    podium: Word
    """The version of Podium within that process."""
    libraries: Annotated[dict[Word, Word], Field(max_length=50)] = Field(default_factory=dict)
    """Versions by the names that they are imported by."""
    system: Word
    """Operating system and instruction set: `Linux x86_64`."""
    device: Word
    """The accelerator that is in use, by the name that its maker gave it; else the processor."""

    @property
    def versions(self) -> tuple[str, ...]:
        """What may make results differ whatever the hardware is."""
        return (self.python, self.podium, *(f"{name} {told}" for name, told in self.libraries.items()))


def this_environment(modules: Mapping[str, ModuleType] = sys.modules, cpu_info: Path = CPU_INFO) -> Environment:
    """Return where this process trains, as far as it has loaded what it trains with."""
    return Environment(
        python=platform.python_version(),
        podium=version("podium"),
        libraries=dict(_versions(modules)),
        system=_word(f"{platform.system()} {platform.machine()}"),
        device=_word(_accelerator(modules.get("torch")) or _processor(cpu_info)),
    )


def _versions(modules: Mapping[str, ModuleType]) -> Iterator[tuple[str, str]]:
    for name in LIBRARIES:
        told = getattr(modules.get(name), "__version__", None)
        if told is not None:
            yield name, _word(str(told))


def _accelerator(torch: Any) -> str | None:  # Any: a module of which only a few names are known, where it is there
    for kind in ACCELERATORS:
        backend = getattr(torch, kind, None)
        # only where it is in use: to ask a driver for the first time would keep DataLoaders from forking
        if backend is not None and backend.is_initialized():
            return str(backend.get_device_name())
    return None


def _processor(cpu_info: Path) -> str:
    """Name the processor: Linux does in a file, other systems by their own call."""
    try:
        lines = cpu_info.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _word(text: str) -> str:
    """Return what may be told of a name that a library or a driver chose."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()[:LONGEST] or "unknown"
