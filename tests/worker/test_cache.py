"""Decoded images are kept once, within bounds, and are the same as decoded anew."""

import errno
import logging
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.worker.noted_pictures import COUNT, decoded, noted
from tests.worker.small import course, differing, learner, machine, training, weights, write_images
from worker.data import open_images
from worker.decoded_images import decoded_once
from worker.images import Images
from worker.machine import UnusableEnvironment, this_machine
from worker.split import split_by_label
from worker.training import fit

ALL = torch.arange(COUNT)
FILE_BYTES = COUNT * 3 * 32 * 32


def files(folder: Path, kind: str = "table") -> list[Path]:
    return sorted(folder.glob(f"*.{kind}"))


@contextmanager
def building(notes: Path, folder: Path, *, seconds: float) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a process that builds the cache, slowly, and has begun."""
    command = [sys.executable, "-m", "tests.worker.noted_pictures", str(notes), str(folder), str(seconds)]
    with subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"}) as process:
        try:
            _until(lambda: noted(notes) > 0)
            yield process
        finally:
            process.kill()


def _until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 240  # a process that imports torch on a busy machine takes its time
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("choice", ["auto", "disk", "memory"])
def test_cached_images_equal_those_decoded_anew(tmp_path: Path, choice: str) -> None:
    plain = decoded(tmp_path / "notes").pixels(ALL)
    for _ in range(2):
        images, bad = decoded_once(decoded(tmp_path / "notes"), choice, machine(tmp_path / "cache"))  # type: ignore[arg-type]
        assert bad == []
        assert torch.equal(images.pixels(ALL), plain)
        assert torch.equal(images.pixels(torch.tensor([7, 3, 7])), plain[[7, 3, 7]])
    assert noted(tmp_path / "notes") == COUNT * (3 if choice == "memory" else 2)
    assert len(files(tmp_path / "cache")) == (0 if choice == "memory" else 1)


def test_a_cached_training_equals_one_without_cache(tmp_path: Path) -> None:
    root = write_images(tmp_path / "pets", each=3)

    def trained(cache: str) -> dict[str, torch.Tensor]:
        settings = training(dataset="image_folder", data=str(root), cache=cache, batch_size=4)
        images = open_images(settings, machine(tmp_path / "cache"))
        split = split_by_label(images, seed=7)
        each = learner(settings)
        given = replace(course(), images=images, split=split, batch_size=4)
        list(fit(each, given, [1]))
        return weights(each)

    plain = trained("none")
    assert differing(plain, trained("disk")) == differing(plain, trained("memory")) == []


def test_each_size_has_its_own_file(tmp_path: Path) -> None:
    for image_size in (32, 40, 32):
        images, _ = decoded_once(
            decoded(tmp_path / "notes", image_size=image_size), "disk", machine(tmp_path / "cache")
        )
        assert images.pixels(ALL).shape == (COUNT, 3, image_size, image_size)
    assert len(files(tmp_path / "cache")) == 2


def test_a_second_process_waits_for_the_first_and_decodes_nothing(tmp_path: Path) -> None:
    notes, folder = tmp_path / "notes", tmp_path / "cache"
    with building(notes, folder, seconds=0.02) as first:
        images, _ = decoded_once(decoded(notes), "disk", machine(folder))
        assert noted(notes) == COUNT
        assert first.wait() == 0
    assert torch.equal(images.pixels(ALL), decoded(tmp_path / "others").pixels(ALL))


def test_whoever_waits_takes_over_from_a_builder_that_is_killed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "podium")
    notes, folder, opened = tmp_path / "notes", tmp_path / "cache", list[Images]()
    with building(notes, folder, seconds=1.0) as first:  # it would take 20 s
        waiter = threading.Thread(
            target=lambda: opened.append(decoded_once(decoded(notes), "disk", machine(folder))[0])
        )
        waiter.start()
        _until(lambda: "podium: waiting for another worker" in caplog.text)
        first.kill()
        waiter.join()
    assert COUNT < noted(notes) < 2 * COUNT
    assert torch.equal(opened[0].pixels(ALL), decoded(tmp_path / "others").pixels(ALL))
    assert files(folder, "partial") == []


@pytest.mark.parametrize("damage", ["cut", "empty", "other tail"])
def test_a_damaged_file_is_built_anew(tmp_path: Path, damage: str) -> None:
    here = machine(tmp_path / "cache")
    plain = decoded_once(decoded(tmp_path / "notes"), "disk", here)[0].pixels(ALL)
    [path] = files(tmp_path / "cache")
    content = path.read_bytes()
    path.write_bytes({"cut": content[:-1000], "empty": b"", "other tail": content[:-4] + b"\0\0\0\0"}[damage])
    assert torch.equal(decoded_once(decoded(tmp_path / "notes"), "disk", here)[0].pixels(ALL), plain)
    assert noted(tmp_path / "notes") == 2 * COUNT
    assert path.read_bytes() == content


@contextmanager
def no_file_beyond(size_bytes: int) -> Iterator[None]:
    """Let the kernel refuse what makes a file larger, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("can_reserve", [True, False])
def test_a_disk_that_fills_up_is_told_and_costs_no_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, can_reserve: bool
) -> None:
    if not can_reserve:
        monkeypatch.delattr(os, "posix_fallocate")
    with no_file_beyond(FILE_BYTES // 2):
        images, bad = decoded_once(decoded(tmp_path / "notes"), "disk", machine(tmp_path / "cache"))
    assert bad is None
    assert caplog.messages == [
        f"podium: images are not cached on disk: {tmp_path}/cache: File too large; "
        "let PODIUM_CACHE_DIR name a folder that can be written and has room"
    ]
    assert images.pixels(ALL[:2]).shape == (2, 3, 32, 32)
    assert (noted(tmp_path / "notes") > 2) is not can_reserve  # a reservation fails before anything is decoded
    assert files(tmp_path / "cache", "partial") == files(tmp_path / "cache") == []


def test_no_space_left_falls_back_to_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    images, bad = decoded_once(decoded(tmp_path / "notes"), "auto", machine(tmp_path / "cache"))
    assert bad == []
    assert "No space left on device; let PODIUM_CACHE_DIR name a folder" in caplog.text
    images.pixels(ALL)
    assert noted(tmp_path / "notes") == COUNT


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    decoded_once(decoded(tmp_path / "notes"), "disk", machine(tmp_path / "file" / "cache"))
    assert "file/cache: Not a directory; let PODIUM_CACHE_DIR name a folder that can be written" in caplog.text


def test_a_folder_that_another_user_laid_out_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cache").mkdir()
    if os.geteuid() == 0:
        os.chown(tmp_path / "cache", 4711, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 4711)
    decoded_once(decoded(tmp_path / "notes"), "disk", machine(tmp_path / "cache"))
    assert "it belongs to another user, who could change the tables" in caplog.text


def test_on_a_volume_that_a_group_shares_the_group_may_remove_it(tmp_path: Path) -> None:
    """As the reconciler does, which may be another user of that group."""
    (tmp_path / "volume").mkdir()
    (tmp_path / "volume").chmod(0o2775)
    decoded_once(decoded(tmp_path / "notes"), "disk", machine(tmp_path / "volume" / "experiment" / "shared"))
    for folder in ("experiment", "experiment/shared"):
        assert (tmp_path / "volume" / folder).stat().st_mode & 0o070 == 0o070


def test_the_least_recently_used_file_makes_room_unless_it_is_in_use(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """There is room for three of one size; each file gets its time of use from here."""
    folder, held, found = tmp_path / "cache", [], {}
    here = machine(folder, cache_bytes=int(3.5 * FILE_BYTES))
    for use, data in enumerate(("in use", "old", "new"), start=1):
        before = set(files(folder))
        images = _cached_as(data, tmp_path, here)
        [found[data]] = set(files(folder)) - before
        os.utime(found[data], (use, use))
        held += [images] if data == "in use" else []
        del images
    (folder / "dead.partial").write_bytes(b"what a killed builder leaves")
    held.append(_cached_as("newest", tmp_path, here))
    assert found["in use"].exists()
    assert not found["old"].exists()
    assert found["new"].exists()
    assert files(folder, "partial") == []

    del held[0]
    held.append(_cached_as("another", tmp_path, here))  # which makes the one just freed go
    assert not found["in use"].exists()
    assert caplog.messages == []
    too_little = machine(folder, cache_bytes=FILE_BYTES)
    _cached_as("one too many", tmp_path, too_little)
    assert "GB are in use, and this table takes 0.00 GB; raise PODIUM_CACHE_GIGABYTES" in caplog.text


def _cached_as(identity: str, tmp_path: Path, here: object) -> Images:
    images = decoded(tmp_path / "notes")
    object.__setattr__(images._pictures, "identity", identity)
    return decoded_once(images, "disk", here)[0]  # type: ignore[arg-type]


def test_what_memory_has_no_room_for_is_decoded_when_needed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    here = machine(tmp_path / "cache", memory_bytes=FILE_BYTES)
    images, bad = decoded_once(decoded(tmp_path / "notes"), "memory", here)
    assert bad is None
    assert "images are not cached in memory: they take 0.00 GB, and may take 0.00 GB; give the worker" in caplog.text
    images.pixels(ALL[:3])
    assert noted(tmp_path / "notes") == 3


def test_the_environment_names_folder_and_limit() -> None:
    here = this_machine({"PODIUM_CACHE_DIR": "/cache", "PODIUM_CACHE_GIGABYTES": "1.5", "OMP_NUM_THREADS": "3"})
    assert (str(here.cache_folder), here.cache_bytes, here.threads) == ("/cache", 1_500_000_000, 3)
    assert this_machine({}).cache_folder.name == f"podium-cache-{os.geteuid()}"
    assert (this_machine({}).cache_bytes, this_machine({}).shared_bytes) == (20_000_000_000, 10_000_000_000)
    assert this_machine({"PODIUM_SHARED_GIGABYTES": "0"}).shared_bytes == 0
    assert this_machine({}).memory_bytes > 2**20
    for given in ("lots", "-1", "nan"):
        with pytest.raises(UnusableEnvironment, match=f"PODIUM_CACHE_GIGABYTES is '{given}'; give a number"):
            this_machine({"PODIUM_CACHE_GIGABYTES": given})


def test_digits_are_not_cached(tmp_path: Path) -> None:
    assert open_images(training(), machine(tmp_path / "cache")).labels.shape == course().images.labels.shape
    assert not (tmp_path / "cache").exists()
