"""Loaders prepare the very batches that the trainer would, and never outlive it."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

import psutil
import pytest
import torch
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter as TorchsIterator

from podium.leaving import exit_of
from tests.sdk.fake_run_api import FakeRunApi, assignment, finish, serving
from tests.waiting import wait_for
from tests.worker.small import (
    SEED,
    TRIAL,
    course,
    differing,
    few_digits,
    learner,
    training,
    weights,
    write_images,
)
from tests.worker.whose import DAMAGED, Whose, reader_of
from worker.cohort import courses_of
from worker.course import Course
from worker.images import UnusableData
from worker.loader_process import LoaderDied, cause_of_death
from worker.loading import Loaders, Plan
from worker.parts import Share
from worker.preparation import Preparation, Want
from worker.ranks import Rank
from worker.training import fit

SETTINGS = training(augmentation="randaugment", random_erasing=0.5, dropout=0.2, mixup=0.2)
FOLDED = training(folds=2, augmentation="randaugment", batch_size=6)
CPU = torch.device("cpu")


def images() -> Course:
    return course(train=9, validation=4, batch_size=4, settings=SETTINGS)  # 4 + 5, and one look at 4


def ahead_of(given: Course, count: int) -> Loaders:
    return Loaders(Preparation(images=given.images, augmentation=given.augmentation), count=count)


def presented(given: Course, *, from_batch: int = 0) -> list[torch.Tensor]:
    """Return all that two epochs and their validations see, but for the first batches."""
    return presented_in(given, 1, from_batch) + presented_in(given, 2)


def presented_in(given: Course, epoch: int, from_batch: int = 0) -> list[torch.Tensor]:
    seen: list[torch.Tensor] = []
    for batch, positions in list(enumerate(given.batches(epoch)))[from_batch:]:
        seen += given.to_train_on(positions, CPU, epoch=epoch, batch=batch)
    for positions in given.validation_batches():
        seen += given.to_judge_by(positions, CPU)
    return seen


@pytest.mark.parametrize("count", [1, 2])
def test_batches_are_the_same_bit_for_bit_from_any_number_of_loaders_and_when_begun_midway(count: int) -> None:
    expected = presented(images())
    with ahead_of(images(), count) as loaders:
        given = replace(images(), loaders=loaders)
        whole, rest = presented(given), presented(given, from_batch=1)
    assert len(whole) == len(expected) == 2 * (2 + 2 + 2)
    assert all(map(torch.equal, whole, expected))
    assert all(map(torch.equal, rest, expected[2:]))


def test_a_training_with_a_loader_equals_one_without() -> None:
    alone, helped = learner(SETTINGS), learner(SETTINGS)
    torch.manual_seed(5)
    expected = list(fit(alone, images(), [1]))
    torch.manual_seed(5)
    with ahead_of(images(), 1) as loaders:
        [result] = fit(helped, replace(images(), loaders=loaders), [1])
    assert (result.train, result.validation) == (expected[0].train, expected[0].validation)
    assert differing(weights(helped), weights(alone)) == []


def test_what_was_foreseen_comes_from_the_same_loaders_for_good_and_the_rest_is_read_here() -> None:
    given = replace(course(train=9, validation=4, batch_size=4), images=Whose())
    with ahead_of(given, 2) as loaders:
        readers = []
        for _ in range(3):
            readers += [reader_of(loaders.pixels(want, given.from_here)) for want in of_epoch(given, 1)]
        assert reader_of(loaders.pixels(Want(positions=(1, 2), epoch=1), given.from_here)) == os.getpid()
        assert len(set(readers)) == 2
        assert os.getpid() not in readers
    assert not any(psutil.pid_exists(reader) for reader in readers)


def of_epoch(given: Course, epoch: int) -> list[Want]:
    return [
        Want(positions=tuple(positions.tolist()), epoch=epoch, trial=given.trial) for positions in given.batches(epoch)
    ]


def test_the_plan_goes_on_from_where_it_is_asked() -> None:
    given = images()
    [first, second] = of_epoch(given, 3)
    [judged] = [Want(positions=tuple(positions.tolist()), epoch=None) for positions in given.validation_batches()]
    coming = given.from_here(second)
    assert [next(coming) for _ in range(5)] == [second, judged, *of_epoch(given, 4), judged]
    assert next(given.from_here(first)) == first
    assert list(given.from_here(judged)) == [judged]
    assert list(given.from_here(replace(first, epoch=4))) == []


def test_the_plan_goes_on_to_the_training_whose_turn_is_next() -> None:
    folds = courses_of(FOLDED, few_digits(20), seed=SEED, trial=TRIAL, share=1.0)
    first, second = (replace(fold, turns=folds) for fold in folds)
    looks = [Want(positions=tuple(each.split.validation.tolist()), epoch=None) for each in folds]
    of_first = [*of_epoch(first, 1)[1:], looks[0], *of_epoch(second, 1), looks[1], *of_epoch(first, 2), looks[0]]
    assert list(islice(first.from_here(of_first[0]), len(of_first))) == of_first
    of_second = [*of_epoch(second, 1), looks[1], *of_epoch(first, 2), looks[0], *of_epoch(second, 2)]
    assert list(islice(second.from_here(of_second[0]), len(of_second))) == of_second


def test_folds_that_share_a_loader_see_what_those_without_do() -> None:
    folds = courses_of(FOLDED, few_digits(20), seed=SEED, trial=TRIAL, share=1.0)
    expected = [seen for epoch in (1, 2) for fold in folds for seen in presented_in(fold, epoch)]
    with ahead_of(folds[0], 1) as loaders:
        helped = [replace(fold, loaders=loaders, turns=folds) for fold in folds]
        found = [seen for epoch in (1, 2) for fold in helped for seen in presented_in(fold, epoch)]
    assert len(found) == len(expected) == 2 * 2 * (4 + 2)
    assert all(map(torch.equal, found, expected))


@pytest.mark.parametrize("mixup", [0.0, 0.2])
def test_of_several_processes_each_foresees_what_it_will_ask_for_itself(mixup: float) -> None:
    """A batch's share, or all of a batch that is mixed; every other batch of those judged by."""
    settings = training(mixup=mixup, augmentation="flip")
    whole = course(train=9, validation=10, batch_size=4, settings=settings)
    whole = replace(whole, image_size=256)  # the images judged by come in batches of 4, 4 and 2
    for number, judged in ((0, [(9, 10, 11, 12), (17, 18)]), (1, [(13, 14, 15, 16)])):
        asked = Asked(Preparation(images=whole.images, augmentation=whole.augmentation), count=0)
        own = replace(whole, loaders=asked, share=Share(rank=Rank(number=number, processes=2), least=2))
        for batch, positions in enumerate(own.batches(1)):
            own.to_train_on(positions, CPU, epoch=1, batch=batch)
        assert [len(want.positions) for want in asked.wants] == ([4, 5] if mixup else [2, 2 + number])
        foreseen = list(islice(own.from_here(asked.wants[0]), 2 + len(judged)))
        assert foreseen[:2] == asked.wants
        assert [want.positions for want in foreseen[2:]] == judged


class Asked(Loaders):
    """Keeps what is asked for."""

    def __init__(self, preparation: Preparation, *, count: int) -> None:
        super().__init__(preparation, count=count)
        self.wants: list[Want] = []

    def pixels(self, want: Want, plan: Plan) -> torch.Tensor:
        self.wants.append(want)
        return super().pixels(want, plan)


def test_a_damaged_image_is_told_as_without_loaders() -> None:
    given = replace(images(), images=Whose())
    want = Want(positions=(DAMAGED,), epoch=None)
    with ahead_of(given, 1) as loaders, pytest.raises(UnusableData, match=rf"^image {DAMAGED} is damaged$"):
        loaders.pixels(want, lambda each: iter([each]))


def test_a_loader_outlives_what_ends_a_trainer_and_one_that_is_killed_is_a_want_of_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(TorchsIterator._try_get_data, "__defaults__", (0.1,))  # it looks every 5 s whether they live
    given = replace(images(), images=Whose())
    wants = [Want(positions=(number,), epoch=None) for number in range(8)]
    with ahead_of(given, 1) as loaders:

        def read(number: int) -> int:
            return reader_of(loaders.pixels(wants[number], lambda _: iter(wants[number:])))

        loader = read(0)
        for sent in (signal.SIGTERM, signal.SIGINT):
            os.kill(loader, sent)
        assert [read(number) for number in range(1, 4)] == [loader] * 3
        os.kill(loader, signal.SIGKILL)
        with pytest.raises(MemoryError, match=r"give the worker more memory, or `training\.loaders`") as raised:
            [read(number) for number in range(4, 8)]
    leaving = exit_of(raised.value)
    assert leaving is not None
    assert leaving.code == 137


@pytest.mark.parametrize(
    ("exit_code", "kind", "told"),
    [
        (-signal.SIGKILL, MemoryError, "was killed"),
        (-signal.SIGBUS, LoaderDied, "found /dev/shm full"),
        (-signal.SIGSEGV, LoaderDied, "ended of signal 11"),
        (1, LoaderDied, "ended with exit code 1"),
    ],
)
def test_how_a_loader_died_is_told(exit_code: int, kind: type[Exception], told: str) -> None:
    cause = cause_of_death(12, exit_code)
    assert type(cause) is kind
    assert str(cause).startswith(f"a loader (process 12) {told}")


def test_a_trainer_that_is_killed_leaves_no_process() -> None:
    script = "from tests.worker.test_loading import wait_with_a_loader; wait_with_a_loader()"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as trainer:
        assert trainer.stdout is not None
        assert trainer.stdout.readline() == b"loading\n"
        others = psutil.Process(trainer.pid).children(recursive=True)
        trainer.kill()
    assert len(others) == 3  # the loader, the server that forked it, and Python's tracker of semaphores
    wait_for(lambda: all(map(has_ended, others)), "processes that ended with their trainer", within_seconds=30)


def test_a_worker_leaves_a_sigterm_to_all_of_its_processes_without_a_word_of_theirs(tmp_path: Path) -> None:
    root = str(write_images(tmp_path / "pets"))
    settings = training(dataset="image_folder", data=root, batch_size=4, cache="none", loaders=1)
    given = assignment(tmp_path / "checkpoints", trial=TRIAL, training=settings, to_epoch=99, configuration={})
    with serving(FakeRunApi(given)) as api:
        worker = api.start("-m", "worker")
        api.wait_for_epoch(1)
        others = psutil.Process(worker.pid).children(recursive=True)
        for each in others:
            each.send_signal(signal.SIGTERM)
        worker.send_signal(signal.SIGTERM)
        code, stderr = finish(worker)
    assert code == 75, stderr
    first, last = stderr.splitlines()
    assert first == f"podium: trial {TRIAL} trains epochs 1 to 99"
    assert last.startswith("podium: SIGTERM: leaving; the run resumes from ")
    assert len(others) == 3
    wait_for(lambda: all(map(has_ended, others)), "processes that ended with their worker", within_seconds=30)


def has_ended(process: psutil.Process) -> bool:
    """Say so of one, too, that nobody has asked for its exit code."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_with_a_loader() -> None:
    with ahead_of(images(), 1) as loaders:
        given = replace(images(), loaders=loaders)
        given.to_train_on(given.batches(1)[0], CPU, epoch=1, batch=0)
        sys.stdout.write("loading\n")
        sys.stdout.flush()
        time.sleep(60)
