"""What each of two processes does in `test_together.py`: one start of torch for all that is to be seen there."""

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import torch

from podium.trainer import Training
from tests.worker.small import course, few_digits, learner, state_of, training
from tests.worker.test_passing import little_memory
from worker.cohort import Cohort, courses_of
from worker.course import Course
from worker.learner import Learner, Task
from worker.packing import unpacked
from worker.parts import Share
from worker.ranks import ALONE, Rank, rank_of
from worker.tally import NOTHING, Tally, never_leave
from worker.together import Followed, Together, joined
from worker.training import fit

HEAD = training(trainable="head", learning_rate=0.05, momentum=0.9)
MIXED = training(trainable="head", learning_rate=0.05, mixup=0.2, label_smoothing=0.1)
SINGLE_IMAGES = training(trainable="head", learning_rate=0.05, batch_size=1)
NOISY = training(dropout=0.3, ema_decay=0.5, augmentation="flip")
FOLDED = training(trainable="head", learning_rate=0.05, batch_size=5, augmentation="flip", folds=2)
COMPARED = {"head": HEAD, "mixed": MIXED, "single images": SINGLE_IMAGES}


class Left(Exception):
    """The watch has stored a state and left."""


def lessons(settings: Training, rank: Rank = ALONE) -> Course:
    """11 images in batches of 5 and 5 + 1, or of 1; a share of 2 or 3 images each, or of one and none."""
    given = course(train=11 if settings.batch_size > 1 else 3, validation=7, batch_size=5, settings=settings)
    given = replace(given, batch_size=min(5, settings.batch_size))
    return replace(given, share=Share(rank=rank, least=1 if settings.trainable == "head" else 2))


def told_of(each: Learner, results: Sequence[object]) -> dict[str, object]:
    return {"weights": dict(each.judged.state_dict()), "results": [_plain(result) for result in results]}


def _plain(result: object) -> tuple[float, float, float, list[int]]:
    train, validation, predictions = (getattr(result, name) for name in ("train", "validation", "predictions"))
    return train.loss, train.accuracy, validation.loss, predictions.positions.tolist()


def main(folder: Path, rank: Rank) -> None:
    found: dict[str, object] = {}
    with joined(rank) as everybody:

        def trainee(settings: Training) -> Learner:
            each = learner(settings)
            each.together = everybody
            return each

        for name, settings in COMPARED.items():
            each = trainee(settings)
            found[name] = told_of(each, list(fit(each, lessons(settings, rank), [1, 2])))
        found["memory"] = _with_little_memory(trainee(HEAD), rank)
        found["straight"], found["resumed"] = _straight_and_resumed(trainee, rank)
        found["folds"], found["whole folds"], found["resumed folds"] = _folds(everybody)
        found["had"] = [everybody.by_all(None if rank.is_first else "features"), everybody.by_all("features")]
        found["following"] = _following(everybody)
    torch.save(found, folder / f"{rank.number}.pt")


def _with_little_memory(each: Learner, rank: Rank) -> dict[str, object]:
    """Let the second process alone have too little memory for its share of 3 images."""
    with little_memory(each, 100 if rank.is_first else 2):
        told = told_of(each, list(fit(each, lessons(HEAD, rank), [1, 2])))
    return {**told, "micro_batch": each.micro_batch}


def _straight_and_resumed(trainee: Callable[[Training], Learner], rank: Rank) -> tuple[object, object]:
    straight = trainee(NOISY)
    list(fit(straight, lessons(NOISY, rank), [1, 2]))
    expected = straight.to_bytes(2)

    stored = b""

    def leave(epoch: int, trained: Tally) -> None:
        nonlocal stored
        if (epoch, trained.batches) == (1, 1):
            stored = first.to_bytes(epoch, trained)
            raise Left

    first = trainee(NOISY)
    with suppress(Left):
        list(fit(first, lessons(NOISY, rank), [1, 2], watch=leave))
    torch.manual_seed(99)
    second = trainee(NOISY)
    trained = second.restore(second.together.told(lambda: stored))  # of the first process, as in a worker
    assert trained != NOTHING
    list(fit(second, lessons(NOISY, rank), [1, 2], trained=trained))
    return _of(expected), _of(second.to_bytes(2))


def folds_in(everybody: Together) -> Cohort:
    """Two folds of 10 images each, in batches of 5."""
    courses = courses_of(FOLDED, few_digits(20), seed=7, trial=3, share=1.0)
    shared = [replace(each, share=Share(rank=everybody.rank)) for each in courses]
    cohort = Cohort.of(shared, FOLDED, Task(classes=10, full_epochs=4), torch.device("cpu"))
    for member in cohort.members:
        member.learner.together = everybody
    return cohort


def told_of_folds(cohort: Cohort, epochs: Sequence[int]) -> list[dict[str, object]]:
    results = list(zip(*cohort.fit(epochs, never_leave), strict=True))
    return [told_of(member.learner, own) for member, own in zip(cohort.members, results, strict=True)]


def _folds(everybody: Together) -> tuple[object, object, object]:
    """Train two folds, at once, and left by the word of the first process midway through the second one."""
    straight = folds_in(everybody)
    told, stored = told_of_folds(straight, [1, 2]), b""

    def leave(epoch: int, _trained: Tally) -> None:
        nonlocal stored
        if left.members[1].trained.batches == 1:
            stored = everybody.told(lambda: left.to_bytes(epoch, is_midway=True))
            raise Left

    left = folds_in(everybody)
    with suppress(Left):
        list(left.fit([1, 2], leave))
    torch.manual_seed(99)
    resumed = folds_in(everybody)
    resumed.restore(stored)
    assert [member.trained.batches for member in resumed.members] == [2, 1]
    list(resumed.fit([1, 2], never_leave))
    whole, parts = ([state_of(each) for each in unpacked(of.to_bytes(2))] for of in (straight, resumed))
    return told, whole, parts


def _of(state: bytes) -> object:
    """Leave out the states of generators and statistics, which are each process's own."""
    known = state_of(state)
    assert isinstance(known, dict)
    return {name: known[name] for name in ("optimizer", "schedule", "first_loss")} | {
        "weights": {name: value for name, value in known["model"].items() if not _is_statistic(name)},
        "average": {name: value for name, value in known["average"].items() if not _is_statistic(name)},
    }


def _is_statistic(name: str) -> bool:
    return "running" in name or "num_batches" in name


def _following(everybody: Together) -> list[object]:
    """Hear an answer, two epochs, and that the first one leaves."""
    heard: list[object] = [everybody.told(lambda: {"assignment": 7}), *everybody.led([1, 2])]

    def leave() -> None:
        raise Left

    try:
        everybody.told(leave)
    except (Left, Followed) as error:
        heard.append(type(error).__name__)
    return heard


if __name__ == "__main__":
    import os

    torch.set_num_threads(1)
    mine = rank_of(os.environ)
    assert mine is not None
    main(Path(sys.argv[1]), mine)
