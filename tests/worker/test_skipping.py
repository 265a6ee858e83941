"""`on_bad_image: skip`: what is left out is decided before the split, alike everywhere, and counted in one line."""

import errno
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.worker.noted_pictures import NotedPictures
from tests.worker.small import colors, machine, training, write_images
from worker.data import open_images
from worker.decoding import BadImage, Decoded
from worker.images import Images, UnusableData
from worker.split import digest_of, split_by_label


def damaged(root: Path) -> Path:
    """Write three labels of six images: of dogs two are damaged, of eels there is one, of fish none."""
    write_images(root, ("cat", "dog", "eel"))
    (root / "dog" / "1.png").write_bytes((root / "dog" / "1.png").read_bytes()[:2000])
    (root / "dog" / "4.png").write_text("no image")
    for number in range(1, 6):
        (root / "eel" / f"{number}.png").unlink()
    (root / "fish").mkdir()
    return root


def opened(root: Path, cache: str, tmp_path: Path) -> Images:
    settings = training(dataset="image_folder", data=str(root), cache=cache, on_bad_image="skip")
    return open_images(settings, machine(tmp_path / "cache"))


def test_what_is_skipped_is_counted_and_named_in_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    images = opened(damaged(tmp_path / "pets"), "memory", tmp_path)
    assert list(images.classes) == ["cat", "dog"]
    assert images.labels.tolist() == [0] * 6 + [1] * 4
    assert colors(images.pixels(torch.arange(10))) == images.labels.tolist()
    [line] = caplog.messages
    assert line.startswith("podium: skipped 3 of 13 images and 2 of 4 labels: ")
    for told in ("dog/1.png cannot be read", "dog/4.png cannot be read", "too few images of 'eel', 'fish'"):
        assert told in line


def test_the_same_is_skipped_with_every_cache(tmp_path: Path) -> None:
    root = damaged(tmp_path / "pets")
    each = [opened(root, cache, tmp_path) for cache in ("none", "memory", "disk", "disk")]
    assert len({images.identity for images in each}) == 1
    assert len({digest_of(split_by_label(images, seed=7).validation.numpy()) for images in each}) == 1
    assert all(torch.equal(images.pixels(torch.arange(10)), each[0].pixels(torch.arange(10))) for images in each)


def test_no_more_than_three_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = write_images(tmp_path / "pets", each=9)
    for number in range(5):
        (root / "cat" / f"{number}.png").write_text("no image")
    opened(root, "none", tmp_path)
    assert caplog.messages[0].count("cannot be read") == 3
    assert caplog.messages[0].endswith("; and 2 more")


def test_sound_data_are_left_as_they_are(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert len(opened(write_images(tmp_path / "pets"), "none", tmp_path).labels) == 12
    assert caplog.messages == []


def test_too_little_left_to_tell_labels_apart_is_an_error(tmp_path: Path) -> None:
    root = write_images(tmp_path / "pets", each=2)
    (root / "dog" / "0.png").write_text("no image")
    with pytest.raises(UnusableData, match=r"fewer than 2 labels have 2 images that can be read, as .*dog/0\.png"):
        opened(root, "none", tmp_path)


class Failing(NotedPictures):
    """Pictures that fail as a disk does."""

    number = errno.EIO

    def open(self, position: int) -> Image.Image:
        raise OSError(self.number, "it fails")


@pytest.mark.parametrize(("number", "passes"), [(errno.EIO, True), (errno.ENOENT, False), (errno.EACCES, False)])
def test_what_may_pass_is_no_reason_to_skip(tmp_path: Path, number: int, passes: bool) -> None:
    pictures = Failing(notes=tmp_path / "notes")
    Failing.number = number
    attempts = Decoded(pictures, image_size=32, threads=1).attempts(torch.arange(1))
    if passes:
        with pytest.raises(UnusableData, match=r"picture 0 could not be read now \(.*it fails\); see to its disk"):
            next(attempts)
    else:
        assert next(attempts) == BadImage(position=0, why="picture 0 cannot be read as an image (it fails)")
