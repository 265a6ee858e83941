"""What a benchmark ran on, in one line: figures of two machines are not to be compared."""

import os
import platform
from pathlib import Path

import psutil


def machine() -> str:
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    memory_gib = psutil.virtual_memory().total / 2**30
    cpus, python = os.cpu_count(), platform.python_version()
    return f"{cpus} CPUs ({model}), {memory_gib:.0f} GiB, Python {python}, load before: {load()}"


def load() -> str:
    return ", ".join(f"{each:.1f}" for each in os.getloadavg())
