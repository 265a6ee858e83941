"""The fastest precision for a training, found by timing a few of its own steps.

What was found is kept in the node's cache folder, so that trials and attempts on a node compute alike.
"""

import copy
import hashlib
import json
import logging
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch.nn import functional

from worker.course import Course
from worker.learner import Learner
from worker.machine import Machine
from worker.model import set_training_mode
from worker.precision import Precision, autocast, possible
from worker.stages import through

STEPS = 3
"""Timed, after one that is not; the fastest counts."""
CPU_INFO = Path("/proc/cpuinfo")

Clock = Callable[[], float]
_log = logging.getLogger("podium")


def precision_for(learner: Learner, course: Course, machine: Machine) -> Precision:
    """Return the precision that was asked for, or else the fastest; times it at most once on a node."""
    if learner.training.precision != "auto":
        return Precision(learner.training.precision)
    choices = possible(learner.device, CPU_INFO.read_text() if CPU_INFO.is_file() else "")
    return choices[0] if len(choices) == 1 else timed_once(learner, course, choices, machine)


def timed_once(
    learner: Learner, course: Course, choices: Sequence[Precision], machine: Machine, clock: Clock = time.perf_counter
) -> Precision:
    """Return the fastest of these, as it was found before or is found now."""
    path = machine.cache_folder / f"precision-{_key(learner, course)}.json"
    if (known := _known(path)) is not None:
        return known
    seconds = {choice: _step_seconds(learner, course, choice, clock) for choice in choices}
    found = min(choices, key=lambda choice: seconds[choice])
    told = ", ".join(f"in {choice} {1000 * seconds[choice]:.0f} ms" for choice in choices)
    _log.info("podium: a step takes %s; training in %s", told, found)
    _keep(path, found)
    return found


def _step_seconds(learner: Learner, course: Course, precision: Precision, clock: Clock) -> float:
    """Pass a batch forward and backward through a copy of the model, which stays as it is."""
    model = copy.deepcopy(learner.model)
    set_training_mode(model)
    inputs, targets = course.to_train_on(course.batches(1)[0], learner.device, epoch=1, batch=0)
    took = []
    with torch.random.fork_rng():  # dropout draws
        for _ in range(STEPS + 1):
            began = clock()
            with autocast(learner.device, precision):
                logits = through(model, course.stages, inputs)
            functional.cross_entropy(logits.float(), targets).backward()  # type: ignore[no-untyped-call]  # torch's
            if learner.device.type == "cuda":
                torch.cuda.synchronize()
            took.append(clock() - began)
    return min(took[1:])


def _key(learner: Learner, course: Course) -> str:
    """Digest what a step's time depends on."""
    settings = learner.training
    hardware = torch.cuda.get_device_name() if learner.device.type == "cuda" else platform.processor()
    sizes = (settings.image_size, settings.batch_size, tuple(course.stages))
    about = (torch.__version__, hardware, torch.get_num_threads(), settings.model, settings.trainable, sizes)
    return hashlib.sha256(str(about).encode()).hexdigest()[:32]


def _known(path: Path) -> Precision | None:
    try:
        return Precision(json.loads(path.read_text())["precision"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _keep(path: Path, found: Precision) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_suffix(".new")
        partial.write_text(json.dumps({"precision": found}))
        partial.replace(path)
    except OSError as error:
        _log.warning("podium: %s cannot be kept (%s); the next trial times it again", path, error.strerror or error)
