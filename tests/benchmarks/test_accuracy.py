"""Accuracies are compared fairly: images apart, seeds in pairs, and an interval that Student would know."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from benchmarks import accuracy
from benchmarks.accuracy import Extent, Place, beside_of


def test_parts_of_the_images_are_balanced_and_have_none_in_common(tmp_path: Path) -> None:
    place = Place(root=tmp_path, extent=Extent(seeds=1, epochs=1, trained=3, judged=4))
    labels = torch.arange(10).repeat(10)
    first, second = place.split(labels, 0), place.split(labels, 1)
    assert first.validation.tolist() == second.validation.tolist()
    parts = [first.train, second.train, first.validation]
    assert [torch.bincount(labels[part]).tolist() for part in parts] == [[3] * 10, [3] * 10, [4] * 10]
    assert len(set(torch.cat(parts).tolist())) == 100


def test_the_interval_is_that_of_a_paired_t_test() -> None:
    generator = np.random.default_rng(3)
    one, other = generator.normal(size=(2, 5))
    expected = stats.ttest_rel(one, other).confidence_interval(accuracy.CONFIDENCE)
    difference, interval = beside_of(one.tolist(), other.tolist()).split(" | ")
    assert float(difference) == pytest.approx(np.mean(one - other), abs=1e-4)
    assert [float(end) for end in interval.split(" to ")] == pytest.approx(list(expected), abs=1e-4)
