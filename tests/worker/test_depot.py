"""Tables in an object store: made once for all nodes."""

import uuid
from collections.abc import Iterator
from functools import partial

import fsspec
import numpy as np
import pytest
import torch

from tests.worker.small import learner, machine, training
from tests.worker.test_features import computed, small, source
from worker.depot import Deposited
from worker.features import features_of
from worker.machine import sharing
from worker.mapped import Rows
from worker.tables import Words, in_memory

VALUES = np.arange(12, dtype=np.float32).reshape(4, 3)


class Counted:
    """A table that counts how often its rows are made."""

    name, task, key = "features", "counting", "a"
    shape, dtype = VALUES.shape, VALUES.dtype
    made = 0

    def rows(self) -> Iterator[Rows]:
        self.made += 1
        yield from VALUES

    def words(self) -> Words:
        return None


@pytest.fixture
def folder() -> str:
    return f"memory://{uuid.uuid4().hex}/shared"


def values_of(table: Counted, folder: str) -> Rows:
    return np.array(in_memory(Deposited(table, folder)).rows)


def test_the_first_makes_the_rows_and_the_others_fetch_them(folder: str) -> None:
    first, second = Counted(), Counted()
    for table in (first, second):
        np.testing.assert_array_equal(values_of(table, folder), VALUES)
    assert (first.made, second.made) == (1, 0)


@pytest.mark.parametrize("damage", [lambda content: content[:-40], lambda content: b"\x01" + content[1:]])
def test_rows_that_are_damaged_are_made_anew(folder: str, damage: object) -> None:
    assert callable(damage)
    values_of(Counted(), folder)
    filesystem, path = fsspec.core.url_to_fs(folder)
    [left] = filesystem.find(path)
    filesystem.pipe_file(left, damage(filesystem.cat_file(left)))
    again, third = Counted(), Counted()
    np.testing.assert_array_equal(values_of(again, folder), VALUES)
    values_of(third, folder)
    assert (again.made, third.made) == (1, 0)  # and left anew


def test_a_store_that_refuses_costs_two_lines(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("podium.whole_file.TRIES", 1)
    np.testing.assert_array_equal(values_of(Counted(), "no-such-protocol://bucket"), VALUES)
    assert [message.split()[3] for message in caplog.messages] == ["be", "not"]


def test_another_node_computes_no_features(folder: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each has a cache of its own, and they have the store in common."""
    weights = tmp_path_factory.mktemp("weights") / "resnet18.pt"
    torch.save(learner().model.state_dict(), weights)
    settings = training(trainable="head", weights=str(weights))
    passed: list[list[None]] = [[], []]
    features = []
    for calls in passed:
        each, here = learner(settings), machine(tmp_path_factory.mktemp("node"))
        count = partial(calls.append, None)
        features.append(
            features_of(source(each, small(settings)), here, count, shared=sharing(here, folder), passes=0.5)
        )
    assert passed[0]
    assert not passed[1]
    one, other = (each.plain for each in features if each is not None)
    np.testing.assert_array_equal(one, other)
    own = computed(settings, machine(tmp_path_factory.mktemp("alone")))
    assert own is not None
    np.testing.assert_array_equal(own.plain, one)
