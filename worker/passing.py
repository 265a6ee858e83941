"""How a batch passes the model: at once, or in parts where the memory does not hold all of it.

The loss and the gradients are the means over the batch either way, and over the shares of several processes. What does
not fit is found by trying: after CUDA's out-of-memory error the images pass once more, from where they began and in
parts of half the size.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from worker.course import Batch
from worker.learner import Learner
from worker.network import Network
from worker.parts import halved, largest, parts_of
from worker.precision import autocast
from worker.rewinding import Rewinding
from worker.stages import through
from worker.weights import first_line

_log = logging.getLogger("podium")


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """The images of a batch that this process passes."""

    batch: Batch
    whole: int
    """Images of the batch, in all processes."""
    counts: bool = True
    """Whether they are its own; in a batch that is too small for all processes, some pass others' in vain."""

    def __len__(self) -> int:
        return len(self.batch[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """What a batch measured on its way, in all processes."""

    loss_sum: float
    """Of each image's cross-entropy, in nats."""
    correct: int
    count: int
    """Images."""

    @property
    def loss(self) -> float:
        return self.loss_sum / self.count


def pass_to_train(learner: Learner, stages: Sequence[str], portion: Portion) -> Passed:
    """Leave the gradients of the batch's mean loss in the model, and no others.

    Raises torch.OutOfMemoryError when the smallest parts do not fit.
    """
    network = _network(learner, stages)
    if learner.together.is_alone:
        measured: Sequence[float] = _passed_in_parts_that_fit(learner, network, portion, completes=True)
    else:
        _rehearse(learner, network, portion)
        learner.optimizer.zero_grad()
        measured = learner.together.sums(_passed(learner, network, portion, completes=True))
    return Passed(loss_sum=measured[0], correct=round(measured[1]), count=portion.whole)


def pass_to_judge(learner: Learner, model: nn.Module, stages: Sequence[str], inputs: torch.Tensor) -> torch.Tensor:
    """Return the logits (batch, classes). Raises torch.OutOfMemoryError when a single image does not fit."""
    while True:
        try:
            with autocast(learner.device, learner.precision):
                parts = parts_of(len(inputs), learner.judged_at_once, least=1)
                logits = [through(model, stages, inputs[part]).float() for part in parts]
            return logits[0] if len(logits) == 1 else torch.cat(logits)
        except torch.OutOfMemoryError as error:
            why = first_line(error)
        if learner.device.type == "cuda":
            torch.cuda.empty_cache()
        learner.judged_at_once = _smaller(len(inputs), learner.judged_at_once, least=1, why=why)


def number_correct(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Count the images whose label, or the label of the largest share, is the likeliest one."""
    labels = targets if targets.ndim == 1 else targets.argmax(dim=1)
    return (logits.detach().argmax(dim=1) == labels).sum()


def _network(learner: Learner, stages: Sequence[str]) -> Network:
    key = tuple(stages)
    if key not in learner.networks:
        learner.networks[key] = Network(learner.model, key, learner.together, learner.forward)
    return learner.networks[key]


def _rehearse(learner: Learner, network: Network, portion: Portion) -> None:
    """Pass for nothing what has not been seen to fit: once the others wait for gradients, there is no second try."""
    if largest(_parts(learner, portion)) <= learner.proven:
        return
    before = Rewinding(learner.model, learner.device)
    _passed_in_parts_that_fit(learner, network, portion, completes=False)
    before.rewind()


def _passed_in_parts_that_fit(
    learner: Learner, network: Network, portion: Portion, *, completes: bool
) -> tuple[float, float]:
    began_with = learner.micro_batch
    before = Rewinding(learner.model, learner.device)
    while True:
        learner.optimizer.zero_grad()
        try:
            passed = _passed(learner, network, portion, completes=completes)
        except torch.OutOfMemoryError as error:
            why = first_line(error)
        else:
            learner.proven = max(learner.proven, largest(_parts(learner, portion)))
            if learner.micro_batch != began_with:
                _log_parts(largest(parts_of(len(portion), began_with, least=learner.least)), learner.micro_batch)
            return passed
        # not in the handler: there the error's traceback still holds the memory
        before.rewind()
        learner.micro_batch = _smaller(len(portion), learner.micro_batch, least=learner.least, why=why)


def _passed(learner: Learner, network: Network, portion: Portion, *, completes: bool) -> tuple[float, float]:
    """Add the gradients of a portion's share of the mean loss; return the sum of its losses, and how many are right."""
    inputs, targets = portion.batch
    losses, hits = [], []
    parts = _parts(learner, portion)
    for part in parts:
        size = part.stop - part.start
        # of several processes, gradients are not added up but averaged
        weight = size * learner.together.rank.processes / portion.whole if portion.counts else 0.0
        with autocast(learner.device, learner.precision):
            is_last = part is parts[-1]
            logits = network.logits(inputs[part], completes=completes and is_last).float()  # (part, classes)
        loss = functional.cross_entropy(logits, targets[part], label_smoothing=learner.training.label_smoothing)
        (loss * weight).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        losses.append((loss.detach(), size))
        hits.append(number_correct(logits, targets[part]))
    if not portion.counts:
        return 0.0, 0.0
    return sum(loss.item() * size for loss, size in losses), float(sum(int(hit.item()) for hit in hits))


def _parts(learner: Learner, portion: Portion) -> list[slice]:
    return parts_of(len(portion), learner.micro_batch, least=learner.least)


def _smaller(count: int, at_once: int | None, *, least: int, why: str) -> int:
    smaller = halved(count, at_once, least=least)
    if smaller is None:
        fewest = largest(parts_of(count, at_once, least=least))
        what = "one image" if fewest == 1 else f"{fewest} images"
        raise torch.OutOfMemoryError(
            f"not even {what} at once; smaller images, a smaller model or fewer trained layers need less ({why})"
        )
    return smaller


def _log_parts(tried: int, at_once: int | None) -> None:
    _log.warning(
        "podium: the accelerator's memory does not hold %d images at once; batches pass in parts of at most %d, and "
        "their gradients add up",
        tried,
        at_once,
    )
