"""What is trained on, what is held out, and what is refused."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
import torch
from sklearn.datasets import load_digits

from podium.trainer import Training
from tests.worker.small import colors, machine, training, write_images
from worker.data import open_images
from worker.digits import Digits
from worker.images import MEAN, STD, UnusableData, normalized
from worker.machine import Machine
from worker.split import Split, digest_of, shuffled_batches, split_by_label


@pytest.fixture(scope="module")
def digits() -> Digits:
    return Digits(image_size=32)


def test_the_digits_are_scikit_learns(digits: Digits) -> None:
    expected = load_digits()
    assert digits.labels.tolist() == expected.target.tolist()
    small = Digits(image_size=8).pixels(torch.arange(1797))
    assert small.dtype == torch.uint8
    assert torch.equal((small[:, 2].float() * 16 / 255).round(), torch.from_numpy(expected.images).float())


def test_bytes_become_what_imagenets_weights_expect() -> None:
    pixels = torch.randint(0, 256, (2, 3, 5, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    floats = normalized(pixels)
    assert torch.allclose((floats * STD + MEAN) * 255, pixels.float(), atol=1e-4)
    assert floats.is_contiguous(memory_format=torch.channels_last)


def test_digits_are_as_large_as_asked(digits: Digits) -> None:
    assert digits.pixels(torch.tensor([5, 0, 5])).shape == (3, 3, 32, 32)


def test_a_fifth_of_each_label_is_held_out(digits: Digits) -> None:
    split = split_by_label(digits, seed=7)
    all_of, held_out = Counter(digits.labels.tolist()), Counter(digits.labels[split.validation].tolist())
    assert held_out == {label: round(0.2 * count) for label, count in all_of.items()}
    assert sorted(torch.cat([split.train, split.validation]).tolist()) == list(range(1797))


def test_the_split_depends_on_the_experiments_seed_alone(digits: Digits) -> None:
    torch.manual_seed(1)
    first = split_by_label(digits, seed=7)
    torch.manual_seed(2)
    assert torch.equal(first.validation, split_by_label(digits, seed=7).validation)
    other = split_by_label(digits, seed=8)
    assert not torch.equal(first.validation, other.validation)

    def digest(split: Split) -> str:
        return digest_of(split.validation.numpy())

    assert digest(first) == digest(split_by_label(digits, seed=7, share=0.5)) != digest(other)


def test_less_data_is_a_part_of_more_with_the_same_share_of_each_label(digits: Digits) -> None:
    whole, half, tenth = (split_by_label(digits, seed=7, share=share) for share in (1.0, 0.5, 0.1))
    assert set(tenth.train.tolist()) < set(half.train.tolist()) < set(whole.train.tolist())
    assert torch.equal(tenth.validation, whole.validation)
    all_of, left = Counter(digits.labels[whole.train].tolist()), Counter(digits.labels[half.train].tolist())
    assert left == {label: round(0.5 * count) for label, count in all_of.items()}


def test_the_order_depends_on_seed_trial_and_epoch_alone() -> None:
    def order(seed: int, trial: int, epoch: int) -> list[int]:
        batches = shuffled_batches(torch.arange(50), 16, seed=seed, trial=trial, epoch=epoch)
        assert sorted(torch.cat(batches).tolist()) == list(range(50))
        return torch.cat(batches).tolist()

    assert order(7, 3, 2) == order(7, 3, 2)
    assert len({tuple(order(*key)) for key in ((7, 3, 2), (8, 3, 2), (7, 4, 2), (7, 3, 3))}) == 4


@pytest.mark.parametrize(
    ("images", "batch_size", "sizes"),
    [(48, 16, [16] * 3), (50, 16, [16, 16, 16, 2]), (49, 16, [16, 16, 17]), (5, 16, [5]), (3, 1, [1] * 3), (3, 2, [3])],
)
def test_no_batch_of_one_is_left_over(images: int, batch_size: int, sizes: list[int]) -> None:
    batches = shuffled_batches(torch.arange(images), batch_size, seed=7, trial=3, epoch=1)
    assert [len(batch) for batch in batches] == sizes


def test_an_image_folder_is_read_in_alphabetical_order(tmp_path: Path) -> None:
    settings = training(dataset="image_folder", data=str(write_images(tmp_path / "pets")))
    images = open_images(settings, machine(tmp_path / "cache"))
    assert images.classes == ["cat", "dog"]
    assert images.labels.tolist() == [0] * 6 + [1] * 6
    pixels = images.pixels(torch.tensor([11, 0]))
    assert (pixels.shape, pixels.dtype) == ((2, 3, 32, 32), torch.uint8)
    assert colors(pixels) == [1, 0]  # dogs are green and cats are red here


def test_the_identity_changes_with_the_data(tmp_path: Path) -> None:
    def identity() -> str:
        return open_images(settings, machine(tmp_path / "cache")).identity

    root = write_images(tmp_path / "pets")
    settings = training(dataset="image_folder", data=str(root), cache="none")
    before = identity()
    assert identity() == before
    seen = [before]
    (root / "cat" / "0.png").touch()
    seen.append(identity())
    (root / "cat" / "0.png").rename(root / "cat" / "7.png")
    seen.append(identity())
    (root / "cat").rename(root / "lynx")
    seen.append(identity())
    assert len(set(seen)) == 4


def missing(root: Path) -> None:
    pass


def empty(root: Path) -> None:
    root.mkdir()


def a_file(root: Path) -> None:
    root.touch()


def without_labels(root: Path) -> None:
    root.mkdir()
    (root / "0.png").touch()


def with_an_empty_label(root: Path) -> None:
    (write_images(root) / "eel").mkdir()


def with_one_image(root: Path) -> None:
    write_images(root)
    write_images(root, ["eel"], each=1)


def with_a_broken_image(root: Path) -> None:
    (write_images(root) / "dog" / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n but no more")


def with_a_truncated_image(root: Path) -> None:
    path = write_images(root) / "dog" / "5.png"
    path.write_bytes(path.read_bytes()[:2000])


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (missing, r"pets is not a directory; `training\.data` names one"),
        (empty, r"pets is empty; is the volume with the data mounted there\?"),
        (a_file, r"pets is not a directory; `training\.data` names one"),
        (without_labels, r"pets has 0 sub-folders; there must be one for each of at least 2 labels"),
        (with_an_empty_label, r"pets/eel holds no image \(.*\.jpg.*\); add some, remove the folder, or give"),
        (with_one_image, r"label 'eel' has 1 image; it needs 2"),
        (with_a_broken_image, r"pets/dog/3\.png cannot be read as an image \(.*\); replace or remove it, or give"),
        (with_a_truncated_image, r"pets/dog/5\.png cannot be read as an image \(image file is truncated.*\); replace"),
    ],
)
def test_unusable_data_is_named(tmp_path: Path, build: object, said: str) -> None:
    assert callable(build)
    build(tmp_path / "pets")
    for cache in ("disk", "memory", "none"):
        settings = training(dataset="image_folder", data=str(tmp_path / "pets"), cache=cache)
        with pytest.raises(UnusableData, match=said):
            read_all(settings, machine(tmp_path / "cache"))


def read_all(settings: Training, here: Machine) -> None:
    images = open_images(settings, here)
    split_by_label(images, seed=7)
    images.pixels(torch.arange(len(images.labels)))


def test_a_copy_has_the_same_content_whenever_it_was_made_and_wherever(tmp_path: Path) -> None:
    def content(root: Path) -> str:
        settings = training(dataset="image_folder", data=str(root), cache="none")
        return open_images(settings, machine(tmp_path / "cache")).content

    root = write_images(tmp_path / "pets")
    before, copy = content(root), shutil.copytree(root, tmp_path / "elsewhere" / "copy")
    (copy / "cat" / "0.png").touch()
    assert content(copy) == before
    seen = [before]
    with (root / "cat" / "0.png").open("ab") as file:
        file.write(b"more")
    seen.append(content(root))
    (root / "cat" / "0.png").rename(root / "cat" / "7.png")
    seen.append(content(root))
    (root / "cat").rename(root / "lynx")
    seen.append(content(root))
    assert len(set(seen)) == 4
