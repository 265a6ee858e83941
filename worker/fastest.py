"""The fastest precision for a training, found by timing a few of its own steps.

What was found is kept in a folder, so that all trials that see it compute alike.
"""

import copy
import hashlib
import json
import logging
import math
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import torch
from torch.nn import functional

from worker.course import Batch, Course
from worker.learner import Learner
from worker.model import set_training_mode
from worker.parts import halved, parts_of
from worker.precision import Precision, autocast, possible

STEPS = 3
"""Timed, after one that is not; the fastest counts."""
FEWEST_STEPS = 1000
"""Of a full training that is worth timing: 8 steps in advance, and results that depend on what a clock has shown."""
CPU_INFO = Path("/proc/cpuinfo")

Clock = Callable[[], float]
_log = logging.getLogger("podium")


def precision_of(learner: Learner, course: Course, folder: Path, *, steps: float) -> Precision:
    """Return in what a training goes on: as before, or as asked for, or the fastest if it is of so many steps."""
    if learner.precision is None:
        return fastest_precision(learner, course, folder) if steps >= FEWEST_STEPS else Precision.FP32
    if learner.training.precision != "auto" or learner.precision in possible(learner.device, _cpu_info()):
        return learner.precision
    _log.warning(
        "podium: the trial was trained in %s, which this hardware lacks; it goes on in fp32", learner.precision
    )
    return Precision.FP32


def fastest_precision(learner: Learner, course: Course, folder: Path) -> Precision:
    """Return the fastest that the hardware has; times it once for all that see the folder."""
    choices = possible(learner.device, _cpu_info())
    return choices[0] if len(choices) == 1 else timed_once(learner, course, choices, folder)


def timed_once(
    learner: Learner, course: Course, choices: Sequence[Precision], folder: Path, clock: Clock = time.perf_counter
) -> Precision:
    """Return the fastest of these, as it was found before or is found now."""
    path = folder / f"precision-{_key(learner, course)}.json"
    if (known := _known(path)) is not None:
        return known
    seconds = _seconds(learner, course, choices, clock)
    found = min(choices, key=lambda choice: seconds[choice])
    told = ", ".join(f"in {choice} {1000 * seconds[choice]:.0f} ms" for choice in choices)
    _log.info("podium: a step takes %s; training in %s", told, found)
    return _kept(path, found)


def _seconds(learner: Learner, course: Course, choices: Sequence[Precision], clock: Clock) -> Mapping[Precision, float]:
    """Time the largest part of a batch that the memory holds in one of the precisions."""
    inputs, targets = course.to_train_on(course.batches(1)[0], learner.device, epoch=1, batch=0)
    at_once = learner.micro_batch
    while True:
        part = parts_of(len(inputs), at_once, least=learner.least)[0]
        given = (inputs[part], targets[part])
        seconds = {choice: _step_seconds(learner, course.stages, given, choice, clock) for choice in choices}
        at_once = halved(len(inputs), at_once, least=learner.least)
        if at_once is None or min(seconds.values()) < math.inf:
            return seconds


def _step_seconds(learner: Learner, stages: Sequence[str], batch: Batch, precision: Precision, clock: Clock) -> float:
    """Pass a batch forward and backward through a copy of the model, which stays as it is; endless without memory."""
    model = copy.deepcopy(learner.model)
    set_training_mode(model)
    inputs, targets = batch
    took = []
    with torch.random.fork_rng(), suppress(torch.OutOfMemoryError):  # dropout draws
        for _ in range(STEPS + 1):
            began = clock()
            with autocast(learner.device, precision):
                logits = learner.forward(model, stages, inputs)
            functional.cross_entropy(logits.float(), targets).backward()  # type: ignore[no-untyped-call]  # torch's
            if learner.device.type == "cuda":
                torch.cuda.synchronize()
            took.append(clock() - began)
    return min(took[1:]) if len(took) > STEPS else math.inf


def _key(learner: Learner, course: Course) -> str:
    """Digest what a step's time depends on."""
    settings = learner.training
    hardware = torch.cuda.get_device_name() if learner.device.type == "cuda" else _processor()
    processes = course.share.rank.processes  # a batch is shared out among them
    sizes = (settings.image_size, settings.batch_size, settings.micro_batch, processes, tuple(course.stages))
    how = (settings.model, settings.trainable, settings.compile)
    about = (torch.__version__, hardware, torch.get_num_threads(), how, sizes)
    return hashlib.sha256(str(about).encode()).hexdigest()[:32]


def _processor() -> str:
    named = [line for line in _cpu_info().splitlines() if line.startswith("model name")]
    return named[0] if named else platform.machine()


def _cpu_info() -> str:
    return CPU_INFO.read_text() if CPU_INFO.is_file() else ""


def _known(path: Path) -> Precision | None:
    try:
        return Precision(json.loads(path.read_text())["precision"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _kept(path: Path, found: Precision) -> Precision:
    """Keep what was found, unless another worker was first: then return what that one has found."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        own = path.with_suffix(f".{os.getpid()}")
        own.write_text(json.dumps({"precision": found}))
        with suppress(FileExistsError):
            os.link(own, path)
        own.unlink()
    except OSError as error:
        _log.warning("podium: %s cannot be kept (%s); the next trial times it again", path, error.strerror or error)
    return _known(path) or found
