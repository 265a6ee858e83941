"""What is trained and everything that it takes to continue, as bytes.

Reading uses torch's `weights_only`: tensors, numbers, strings and containers of them. A checkpoint that someone else
may have written cannot run code in a worker.
"""

import io
from dataclasses import asdict, dataclass, field

import torch
from torch import nn
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from podium.trainer import Training
from worker.compilation import Compiled, Forward
from worker.model import build_model
from worker.network import Network
from worker.precision import Precision
from worker.schedule import Schedule
from worker.seeding import random_states, restore_random_states
from worker.stages import through
from worker.tally import Tally
from worker.together import SINGLE, Together
from worker.weights import MISFITS, first_line


class UnusableCheckpoint(Exception):
    """The bytes are not a checkpoint of this model; the message says how they differ."""


@dataclass(slots=True, kw_only=True)
class Learner:
    model: nn.Module
    average: AveragedModel | None
    """The moving average of the model's weights, if one is asked for."""
    optimizer: Optimizer
    schedule: Schedule
    training: Training
    device: torch.device
    precision: Precision | None
    """In which it has been trained, and is to be trained on; None until that is chosen."""
    forward: Forward = through
    """How a batch passes the model while it trains."""
    first_loss: float | None = None
    """Of the first batch of all, before any step."""
    micro_batch: int | None = None
    """Images that pass at once while training; None for a whole batch. It shrinks where the memory holds no more."""
    judged_at_once: int | None = None
    """The same while evaluating; a process finds it anew."""

    together: Together = SINGLE
    """The processes that train it."""
    networks: dict[tuple[str, ...], Network] = field(default_factory=dict)
    """By the stages that a batch passes."""
    proven: int = 0
    """The most images that this process has seen pass at once while training, beside all that the optimizer keeps."""

    @property
    def least(self) -> int:
        return least_of(self.training)

    @property
    def judged(self) -> nn.Module:
        """The model whose results count."""
        return self.model if self.average is None else self.average.module

    def take_step(self, epochs_trained: float) -> None:
        """Let the gradients change the weights, at the learning rate of this moment of the training."""
        rate = self.training.learning_rate * self.schedule.factor(epochs_trained)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        had_state = bool(self.optimizer.state)
        self.optimizer.step()
        if self.optimizer.state and not had_state:
            self.proven = 0  # momentum and moments take memory from now on
        if self.average is not None:
            self.average.update_parameters(self.model)

    def to_bytes(self, epoch: int, midway: Tally | None = None) -> bytes:
        """Return weights, their average, optimizer, schedule and the states of all random generators.

        They are those after an epoch, or `midway` through it, with what it has trained.
        """
        buffer = io.BytesIO()
        state = {
            "epoch": epoch,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "random": random_states(),
            "precision": self.precision and str(self.precision),
            "first_loss": self.first_loss,
            "micro_batch": self.micro_batch,
        }
        if self.average is not None:
            state["average"] = self.average.state_dict()
        if midway is not None:
            state["midway"] = asdict(midway)
        torch.save(state, buffer)
        return buffer.getvalue()

    def restore(self, data: bytes) -> Tally:
        """Continue from what `to_bytes` returned, and return what is trained of the next epoch.

        Raises UnusableCheckpoint.
        """
        try:
            state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
            self.model.load_state_dict(state["model"])
            if self.average is not None:
                self.average.load_state_dict(state["average"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.schedule.load_state_dict(state["schedule"])
            self.precision = Precision(state["precision"]) if state["precision"] else None
            self.first_loss = state["first_loss"]
            self.micro_batch = state.get("micro_batch", self.micro_batch)  # unknown to checkpoints of podium 0.1
            restore_random_states(state["random"])
            return Tally(**state.get("midway", {}))
        except MISFITS as error:
            raise UnusableCheckpoint(f"the checkpoint does not fit this trainer: {first_line(error)}") from error


def least_of(training: Training) -> int:
    """Return the fewest images that can pass while training: BatchNorm cannot normalize one value per channel."""
    return 1 if training.trainable == "head" else 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a learner is built for."""

    classes: int
    full_epochs: int
    """Of the full training, along which schedules are laid out."""


def build_learner(training: Training, task: Task, device: torch.device) -> Learner:
    """Return an untrained learner. Its weights come from torch's global generator: seed it before.

    With `precision: auto` the precision is left to be chosen.
    """
    model = build_model(training, task.classes).to(device)
    return Learner(
        model=model,
        average=_average(model, training.ema_decay),
        optimizer=_optimizer(training, [each for each in model.parameters() if each.requires_grad]),
        schedule=Schedule(training, full_epochs=task.full_epochs),
        training=training,
        device=device,
        precision=None if training.precision == "auto" else Precision(training.precision),
        forward=Compiled() if training.compile else through,
        micro_batch=training.micro_batch,
    )


def _optimizer(training: Training, weights: list[nn.Parameter]) -> Optimizer:
    """Return the optimizer; `fused` is one pass over the weights instead of one for each term, on a CPU too."""
    match training.optimizer:
        case "sgd":
            return SGD(
                weights,
                lr=training.learning_rate,
                momentum=training.momentum,
                weight_decay=training.weight_decay,
                nesterov=training.nesterov,
                fused=True,
            )
        case "adamw":
            return AdamW(weights, lr=training.learning_rate, weight_decay=training.weight_decay, fused=True)


def _average(model: nn.Module, decay: float) -> AveragedModel | None:
    """Average BatchNorm's statistics too: those of the weights do not fit the average."""
    if decay == 0:
        return None
    moving = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]  # torch leaves it untyped
    return AveragedModel(model, multi_avg_fn=moving, use_buffers=True)
