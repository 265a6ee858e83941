"""What the members of a cohort share while they train: features of frozen layers, a precision, and loaders."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from podium.leaving import Preempted
from podium.sdk import Trial
from worker.cohort import Cohort, Member
from worker.fastest import precision_of
from worker.features import Features, Source, features_of
from worker.loader_count import loaders_for
from worker.loading import Loaders
from worker.machine import Machine
from worker.sharing import SharedPlace
from worker.together import Together


def equipped(trial: Trial, cohort: Cohort, machine: Machine, together: Together) -> Loaders:
    """Give the members what they share; return the loaders, which are to be closed at the end."""
    shared = SharedPlace.of(trial.assignment.shared, machine)
    _give_features(trial, cohort, (machine, shared), together)
    folder = shared.folder if shared else None
    _choose_precision(trial, cohort, folder or machine.cache_folder, together)
    return _give_loaders(cohort, machine.threads)


def _give_features(
    trial: Trial, cohort: Cohort, places: tuple[Machine, SharedPlace | None], together: Together
) -> None:
    """Let members train on what their frozen layers make of the images, computed once where these are the same.

    Of several processes all do, or none: those that had them would wait for gradients that the others do not send.
    """
    members, (machine, shared) = cohort.members, places
    are_random = members[0].learner.training.weights == "none"
    alike = [[member] for member in members] if are_random else [members]
    part = replace(machine, memory_bytes=machine.memory_bytes // len(alike))
    for group in alike:
        features = together.by_all(_features(trial, group, (part, shared)))
        for member in group:
            member.course = replace(member.course, features=features)


def _features(trial: Trial, members: Sequence[Member], places: tuple[Machine, SharedPlace | None]) -> Features | None:
    """Return what the frozen layers of these make of the images, where that is worth keeping."""
    learner, course = members[0].learner, members[0].course
    source = Source(
        model=learner.model,
        images=course.images,
        augmentation=course.augmentation,
        training=learner.training,
        seed=trial.seed,
        device=learner.device,
    )

    def leave_if_asked() -> None:
        if trial.is_leaving:
            raise Preempted("SIGTERM: leaving; nothing was trained since the last checkpoint")
        trial.progress(epoch=trial.start_epoch + 1, share=0.0)

    machine, shared = places
    used = sum(len(each.course.split.train) + len(each.course.split.validation) for each in members)
    passes = (trial.to_epoch - trial.start_epoch) * used / len(course.images.labels)
    return features_of(source, machine, leave_if_asked, shared=shared, passes=passes)


def _choose_precision(trial: Trial, cohort: Cohort, folder: Path, together: Together) -> None:
    """Let all members compute alike, in all processes; one that was trained before keeps to its choice."""
    first = cohort.members[0]
    steps = trial.full_epochs * len(first.course.batches(1)) / trial.data_share  # alike at every rung
    found = together.told(lambda: precision_of(first.learner, first.course, folder, steps=steps))
    for member in cohort.members:
        member.learner.precision = found


def _give_loaders(cohort: Cohort, processors: int) -> Loaders:
    """Let the same processes prepare batches for all members; they foresee whose turn is next."""
    members = [member for member in cohort.members if member.course.features is None] or cohort.members
    first, turns = members[0], [member.course for member in members]
    loaders = loaders_for(first.course, first.learner.training, first.learner.device, processors)
    for member in members:
        member.course = replace(member.course, loaders=loaders, turns=turns)
    return loaders
