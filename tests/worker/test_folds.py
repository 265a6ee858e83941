"""Each image is held out once, each label's as evenly as can be, and alike for every trial."""

from collections import Counter
from itertools import pairwise

import pytest
import torch

from tests.worker.small import few_digits
from worker.folds import folds_by_label
from worker.images import UnusableData
from worker.split import Split, digest_of, split_by_label

IMAGES = few_digits(313)


def digest(folds: list[Split]) -> str:
    return digest_of(*(fold.validation.numpy() for fold in folds))


@pytest.mark.parametrize("folds", [2, 3, 5, 20])
def test_every_image_is_held_out_once_and_trained_on_by_all_other_folds(folds: int) -> None:
    splits = folds_by_label(IMAGES, 7, folds)
    assert len(splits) == folds
    assert sorted(torch.cat([split.validation for split in splits]).tolist()) == list(range(313))
    for split in splits:
        assert split.validation.tolist() == sorted(split.validation.tolist())
        assert sorted(torch.cat([split.train, split.validation]).tolist()) == list(range(313))


@pytest.mark.parametrize("folds", [2, 3, 5, 20])
def test_folds_hold_out_as_many_as_each_other_of_every_label_and_of_all(folds: int) -> None:
    splits = folds_by_label(IMAGES, 7, folds)
    sizes = [len(split.validation) for split in splits]
    assert max(sizes) - min(sizes) <= 1
    for label in range(10):
        counts = [int((IMAGES.labels[split.validation] == label).sum()) for split in splits]
        assert max(counts) - min(counts) <= 1


def test_folds_depend_on_the_experiments_seed_alone() -> None:
    torch.manual_seed(1)
    first = folds_by_label(IMAGES, 7, 3)
    torch.manual_seed(2)
    again = folds_by_label(IMAGES, 7, 3)
    for one, other in zip(first, again, strict=True):
        assert torch.equal(one.train, other.train)
        assert torch.equal(one.validation, other.validation)


def test_another_seed_or_number_of_folds_or_no_folds_has_another_digest() -> None:
    splits = [folds_by_label(IMAGES, 7, 3), folds_by_label(IMAGES, 8, 3), folds_by_label(IMAGES, 7, 4)]
    digests = {digest(split) for split in splits} | {digest([split_by_label(IMAGES, 7)])}
    assert len(digests) == 4
    assert digest(splits[0]) == digest(folds_by_label(IMAGES, 7, 3, share=0.5))


def test_chance_deals_and_not_the_order_of_the_files() -> None:
    """A label's first images may be of one scene: no fold gets them in a row."""
    held_out = folds_by_label(IMAGES, 7, 2)[0].validation.tolist()
    neighbours = sum(after - before == 1 for before, after in pairwise(held_out))
    assert 40 < neighbours < 120


def test_less_data_is_a_part_of_more_in_each_fold() -> None:
    whole, half = folds_by_label(IMAGES, 7, 3), folds_by_label(IMAGES, 7, 3, share=0.5)
    for large, small in zip(whole, half, strict=True):
        assert torch.equal(large.validation, small.validation)
        assert set(small.train.tolist()) < set(large.train.tolist())
        all_of, left = (Counter(IMAGES.labels[split.train].tolist()) for split in (large, small))
        assert left == {label: round(0.5 * count) for label, count in all_of.items()}


def test_a_label_of_fewer_images_than_folds_is_named() -> None:
    images = few_digits(50)
    fewest = min(Counter(images.labels.tolist()).values())
    assert len(folds_by_label(images, 7, fewest)) == fewest
    told = rf"label '\d' has {fewest} images; `folds: {fewest + 1}` needs {fewest + 1}, one for each fold to hold out"
    with pytest.raises(UnusableData, match=told):
        folds_by_label(images, 7, fewest + 1)
