"""The trainings that one result is the mean of, side by side: one for each fold or repeat, or a single one.

They take turns in one process: each trains an epoch, then the next. Everything that makes a training is its own, the
states of the random generators included, so that each is what it would be by itself, wherever it is interrupted.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch

from podium.trainer import Training
from worker.course import Course
from worker.folds import folds_by_label
from worker.images import Images
from worker.learner import Learner, Task, UnusableCheckpoint, build_learner
from worker.packing import packed, unpacked
from worker.seeding import RandomStates, derived_seed, random_states, restore_random_states, seed_everything
from worker.split import Split, refuse_large_batches, split_by_label
from worker.tally import NOTHING, Tally, Watch
from worker.training import Diverged, EpochResult, train_and_evaluate

FOR_TRIAL = 3
"""Sets a trial's own randomness apart from the experiment's split and order."""
FOR_MEMBER = 7
"""Sets the trainings of one trial apart."""

Of = TypeVar("Of")


def courses_of(training: Training, images: Images, *, seed: int, trial: int, share: float) -> list[Course]:
    """Return what each training learns from: its fold's images, or of repeats the same.

    Raises UnusableData, and BatchTooLarge.

    The first has the trial's own randomness: of repeats it is the training that there would be without them. What is
    fixed by the experiment's seed alone, as views are, is the same for all.
    """
    refuse_large_batches(training.batch_size, _splits_of(training, images, seed, share=1.0))
    splits = _splits_of(training, images, seed, share=share)
    numbers = [derived_seed(FOR_MEMBER, trial, member) if member else trial for member in range(len(splits))]
    return [
        Course.of(training, images, split, seed=seed, trial=number)
        for split, number in zip(splits, numbers, strict=True)
    ]


def _splits_of(training: Training, images: Images, seed: int, *, share: float) -> list[Split]:
    if training.folds is not None:
        return folds_by_label(images, seed, training.folds, share=share)
    return [split_by_label(images, seed, share=share)] * training.members


def of_distinct_images(training: Training, of_members: Sequence[Of]) -> Sequence[Of]:
    """Return of each fold what it has to say of the images that it held out; of repeats, who share them, the first."""
    return of_members[:1] if training.folds is None else of_members


@dataclass(slots=True, kw_only=True)
class Member:
    name: str
    """Such as `fold 2 of 5`; empty for one that trains alone."""
    learner: Learner
    course: Course
    trained: Tally = NOTHING
    """Of the epoch under way. The schedule has not been told of it, be it trained to its end."""
    random: RandomStates
    """Of the process's generators, as it left them."""


class Cohort:
    """Members in the order in which they train, after one epoch or within the next."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = members
        self._active: Member | None = None
        """Whose the generators' states are now."""

    @classmethod
    def of(cls, courses: Sequence[Course], training: Training, task: Task, device: torch.device) -> "Cohort":
        """Return untrained members, one for each course. Raises UnusableSettings."""
        members = []
        for number, course in enumerate(courses, start=1):
            seed_everything(course.seed, FOR_TRIAL, course.trial)
            learner = build_learner(training, task, device)
            name = f"{'repeat' if training.folds is None else 'fold'} {number} of {len(courses)}"
            own_name = name if len(courses) > 1 else ""
            members.append(Member(name=own_name, learner=learner, course=course, random=random_states()))
        return cls(members)

    @property
    def trained(self) -> Tally:
        """What all members together have trained of the epoch under way."""
        tallies = [member.trained for member in self.members]
        return Tally(
            batches=sum(each.batches for each in tallies),
            loss_sum=sum(each.loss_sum for each in tallies),
            correct=sum(each.correct for each in tallies),
            count=sum(each.count for each in tallies),
        )

    def fit(self, epochs: Iterable[int], watch: Watch) -> Iterator[Sequence[EpochResult]]:
        """Train epoch by epoch; all members stand after an epoch when their results are yielded. Raises Diverged.

        The watch may call `to_bytes`.
        """
        for epoch in epochs:
            results = [self._take_turn(member, epoch, watch) for member in self.members]
            # told at last: until then a member's epoch can be measured again, and is no part of what it continues from
            for member, result in zip(self.members, results, strict=True):
                member.learner.schedule.observe(result.validation.loss)
                member.trained = NOTHING
            yield results

    def to_bytes(self, epoch: int, *, is_midway: bool = False) -> bytes:
        """Return what it takes to continue after an epoch, or midway through it."""
        active = self._active
        states = [self._state_of(member, epoch, is_midway=is_midway) for member in self.members]
        if active is not None:
            self._activate(active)
        return packed(states)

    def restore(self, data: bytes) -> None:
        """Continue from what `to_bytes` returned. Raises UnusableCheckpoint."""
        states = unpacked(data)
        if len(states) != len(self.members):
            raise UnusableCheckpoint(
                f"the checkpoint holds {len(states)} trainings, and {len(self.members)} are to be continued"
            )
        for member, state in zip(self.members, states, strict=True):
            member.trained = member.learner.restore(state)
            member.random = random_states()
        self._active = None

    def _take_turn(self, member: Member, epoch: int, watch: Watch) -> EpochResult:
        def noted(epoch: int, trained: Tally) -> None:
            member.trained = trained
            watch(epoch, trained)

        self._activate(member)
        learner, course = member.learner, member.course
        try:
            return train_and_evaluate(learner, course, epoch=epoch, trained=member.trained, watch=noted)
        except Diverged as error:
            raise Diverged(f"{member.name}: {error}" if member.name else str(error)) from error
        finally:
            learner.optimizer.zero_grad()  # the memory of its gradients is the next one's

    def _state_of(self, member: Member, epoch: int, *, is_midway: bool) -> bytes:
        self._activate(member)
        return member.learner.to_bytes(epoch, member.trained if is_midway else None)

    def _activate(self, member: Member) -> None:
        """Give the generators the states that the member left them in, and keep those of the one before."""
        if member is self._active:
            return
        if self._active is not None:
            self._active.random = random_states()
        restore_random_states(member.random)
        self._active = member
