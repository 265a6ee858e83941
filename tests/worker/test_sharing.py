"""Nodes with a store in common and caches of their own: features of any layer are computed on one of them."""

import logging
import os
import re
import uuid
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from podium.trainer import Training
from tests.worker.small import differing, learner, machine, training, weights
from tests.worker.test_features import small, source
from worker import features as module
from worker.features import Features, features_of
from worker.machine import Machine
from worker.sharing import SharedPlace
from worker.stages import through
from worker.training import EpochResult, fit


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("weights") / "resnet18.pt"
    torch.save(learner().model.state_dict(), path)
    return str(path)


@pytest.fixture(params=["file", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return (tmp_path / "shared").as_uri() if request.param == "file" else f"memory://{uuid.uuid4().hex}/shared"


def computed(
    settings: Training, node: Machine, shared: SharedPlace | None, passed: list[None] | None = None
) -> Features | None:
    """Return the features; `passed` grows with each batch of images that passes the frozen layers for them."""
    each = learner(settings)
    pause = partial(passed.append, None) if passed is not None else lambda: None
    return features_of(source(each, small(settings)), node, pause, shared=shared, passes=0.5)


@pytest.mark.parametrize("trainable", ["head", "layer3"])
def test_another_node_trains_the_same_and_sends_no_image_through_the_frozen_layers(
    url: str, tmp_path: Path, stored: str, trainable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = training(weights=stored, trainable=trainable, learning_rate=0.005)

    def trained(name: str) -> tuple[EpochResult, dict[str, torch.Tensor]]:
        node = machine(tmp_path / name)
        features = computed(settings, node, SharedPlace.of(url, node))
        assert features is not None
        each = learner(settings)
        *_, last = fit(each, replace(small(settings), features=features), [1])
        return replace(last, samples_per_second=None), weights(each)

    first, its_weights = trained("one")

    def refuse(model: torch.nn.Module, stages: Sequence[str], images: torch.Tensor) -> torch.Tensor:
        assert len(images) == 1, "the one image that the shape is asked of"
        return through(model, stages, images)

    monkeypatch.setattr(module, "through", refuse)
    second, other_weights = trained("another")
    assert second == first
    assert differing(its_weights, other_weights) == []


def test_views_are_shared_too(url: str, tmp_path: Path, stored: str) -> None:
    settings = training(weights=stored, trainable="layer4", augmentation="randaugment", augmented_views=2)
    found = []
    for name in ("one", "another"):
        node = machine(tmp_path / name)
        found.append(computed(settings, node, SharedPlace.of(url, node)))
    one, other = (each for each in found if each is not None)
    assert len(one.views) == 2
    assert all((mine == theirs).all() for mine, theirs in zip(one.views, other.views, strict=True))


def test_what_is_too_large_for_the_store_is_each_nodes_own(
    url: str, tmp_path: Path, stored: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "podium")
    node = replace(machine(tmp_path / "node"), shared_bytes=1000)
    settings = training(weights=stored, trainable="layer4")
    assert computed(settings, node, SharedPlace.of(url, node)) is None, "not worth it for half an epoch"
    given = source(learner(settings), small(settings))
    assert features_of(given, node, lambda: None, shared=SharedPlace.of(url, node)) is not None
    assert re.search(r"features take 0\.00 GB, more than the 0\.00 GB .* \(PODIUM_SHARED_GIGABYTES\)", caplog.text)
    assert [path.parent.name for path in tmp_path.rglob("*.table")] == ["node"]


def test_a_volume_that_refuses_leaves_the_nodes_cache(
    tmp_path: Path, stored: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "full").touch()
    node = machine(tmp_path / "node")
    shared = SharedPlace.of((tmp_path / "full" / "shared").as_uri(), node)
    features = computed(training(weights=stored, trainable="layer4"), node, shared)
    assert features is not None
    assert "features are not kept in the artifact store for other nodes, but on this one: " in caplog.text
    assert [path.parent.name for path in tmp_path.rglob("*.table")] == ["node"]


def test_a_full_disk_of_the_store_leaves_the_nodes_cache_and_no_part(
    tmp_path: Path, stored: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system says so as it reserves the room, before anything is written there."""
    reserve = os.posix_fallocate

    def refuse(handle: int, start: int, length: int) -> None:
        if "store" in Path(f"/proc/self/fd/{handle}").readlink().parts:
            raise OSError(28, "No space left on device")
        reserve(handle, start, length)

    monkeypatch.setattr("os.posix_fallocate", refuse)
    node = machine(tmp_path / "node")
    shared = SharedPlace.of((tmp_path / "store" / "shared").as_uri(), node)
    assert computed(training(weights=stored, trainable="layer4"), node, shared) is not None
    assert "No space left on device; make room there, or raise PODIUM_SHARED_GIGABYTES" in caplog.text
    assert [path.parent.name for path in tmp_path.rglob("*.table")] == ["node"]
    assert list(tmp_path.rglob("*.partial")) == []
