"""What frozen layers make of the images is computed once, and training on it is training on the images."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from podium.trainer import Training
from tests.sdk.fake_run_api import FakeRunApi, assignment, serving
from tests.worker.in_process import train_here
from tests.worker.small import SEED, course, learner, machine, training, write_images
from worker.course import Course
from worker.features import Features, Source, are_constant, features_of
from worker.learner import Learner
from worker.machine import Machine
from worker.sharing import SharedPlace
from worker.training import EpochResult, fit


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("weights") / "resnet18.pt"
    torch.save(learner().model.state_dict(), path)
    return str(path)


def small(settings: Training) -> Course:
    given = course(train=33, validation=8, settings=settings)
    given.images._small = given.images._small[:41]  # type: ignore[attr-defined]  # a data set of so many images
    given.images._labels = given.images._labels[:41]  # type: ignore[attr-defined]
    return given


def source(each: Learner, given: Course) -> Source:
    return Source(
        model=each.model,
        images=given.images,
        augmentation=given.augmentation,
        training=each.training,
        seed=SEED,
        device=each.device,
    )


def never() -> None:
    pass


def computed(settings: Training, here: Machine, calls: list[None] | None = None) -> Features | None:
    """Return the features; `calls` grows with each batch that passes the frozen layers for them."""
    each = learner(settings)
    return features_of(source(each, small(settings)), here, never if calls is None else lambda: calls.append(None))


@pytest.mark.parametrize(
    ("settings", "constant"),
    [
        ({"trainable": "head"}, True),
        ({"trainable": "layer2"}, True),
        ({"trainable": "all"}, False),
        ({"trainable": "head", "augmentation": "flip"}, False),
        ({"trainable": "head", "random_erasing": 0.1}, False),
        ({"trainable": "head", "augmentation": "flip", "augmented_views": 2}, True),
        ({"trainable": "head", "mixup": 0.2}, False),
        ({"trainable": "head", "cutmix": 1.0, "augmentation": "flip", "augmented_views": 2}, False),
    ],
    ids=str,
)
def test_when_the_frozen_layers_see_the_same_again(settings: dict[str, object], constant: bool) -> None:
    assert are_constant(training(**settings)) is constant


@pytest.mark.parametrize(
    "changes",
    [
        {"trainable": "head"},
        {"trainable": "layer4", "ema_decay": 0.5, "dropout": 0.2},
        {"trainable": "layer3", "augmentation": "randaugment", "augmented_views": 2, "optimizer": "adamw"},
    ],
    ids=str,
)
def test_training_on_features_is_the_training_on_images(
    tmp_path: Path, weights: str, changes: dict[str, object]
) -> None:
    settings = training(weights=weights, learning_rate=0.005, **changes)

    def trained(features: Features | None) -> list[EpochResult]:
        return list(fit(learner(settings), replace(small(settings), features=features), [1, 2, 3]))

    features = computed(settings, machine(tmp_path))
    assert features is not None
    assert len(features.views) == (settings.augmented_views or 1)
    for plain, fast in zip(trained(None), trained(features), strict=True):
        assert fast.train.loss == pytest.approx(plain.train.loss, rel=2e-3)
        assert fast.validation.loss == pytest.approx(plain.validation.loss, rel=2e-3)
        assert fast.validation.accuracy == plain.validation.accuracy


def test_the_second_trial_computes_nothing(tmp_path: Path, weights: str) -> None:
    first, second = list[None](), list[None]()
    settings = training(weights=weights, trainable="head")
    one = computed(settings, machine(tmp_path), first)
    two = computed(settings.model_copy(update={"learning_rate": 0.5, "batch_size": 4}), machine(tmp_path), second)
    assert one is not None
    assert two is not None
    assert (one.plain == two.plain).all()
    assert len(first) > 0
    assert second == []
    assert len(list(tmp_path.glob("*.table"))) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"trainable": "layer4"},
        {"image_size": 40},
        {"augmentation": "flip", "augmented_views": 1},
    ],
    ids=str,
)
def test_other_features_have_other_files(tmp_path: Path, weights: str, changes: dict[str, object]) -> None:
    given: dict[str, object] = {"weights": weights, "trainable": "head"}
    computed(training(**given), machine(tmp_path))
    computed(training(**{**given, **changes}), machine(tmp_path))
    assert len(list(tmp_path.glob("*.table"))) == 2


def test_other_weights_have_other_features(tmp_path: Path, weights: str) -> None:
    torch.save({**torch.load(weights), "bn1.bias": torch.ones(64)}, tmp_path / "other.pt")
    for path in (weights, str(tmp_path / "other.pt")):
        computed(training(weights=path, trainable="head"), machine(tmp_path))
    assert len(list(tmp_path.glob("*.table"))) == 2


def test_random_weights_are_a_trials_own_and_leave_no_file(tmp_path: Path) -> None:
    features = computed(training(trainable="head"), machine(tmp_path))
    assert features is not None
    assert features.plain.shape == (41, 512)
    assert list(tmp_path.iterdir()) == []


def test_without_room_images_are_trained_on(tmp_path: Path, weights: str, caplog: pytest.LogCaptureFixture) -> None:
    here = machine(tmp_path, memory_bytes=1000, cache_bytes=1000)
    assert computed(training(weights=weights, trainable="head"), here) is None
    assert "features are not cached on disk" in caplog.text
    assert "features are not cached in memory" in caplog.text
    assert computed(training(weights=weights, trainable="head", cache="none"), machine(tmp_path)) is None


def test_a_worker_that_is_asked_to_leave_leaves_no_part_behind(tmp_path: Path, weights: str) -> None:
    class Asked(Exception):
        pass

    def leave() -> None:
        raise Asked

    settings = training(weights=weights, trainable="head")
    with pytest.raises(Asked):
        features_of(source(learner(settings), small(settings)), machine(tmp_path), leave)
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock", ".lock"]
    assert computed(settings, machine(tmp_path)) is not None


@pytest.mark.parametrize(
    "case",
    [  # trainable, passes, whether there is a shared folder, and where features are kept
        ("head", 1.0, True, "shared"),
        ("head", 0.5, True, "shared"),
        ("layer4", 0.5, True, "shared"),
        ("head", 0.5, False, None),
        ("layer4", 0.5, False, None),
        ("layer4", 1.0, False, "node"),
    ],
)
def test_what_no_other_trial_may_need_must_pay_for_itself(
    tmp_path: Path, weights: str, case: tuple[str, float, bool, str | None]
) -> None:
    trainable, passes, is_shared, kept = case
    settings = training(weights=weights, trainable=trainable)
    node = machine(tmp_path / "node")
    shared = SharedPlace.of((tmp_path / "shared").as_uri(), node) if is_shared else None
    given = source(learner(settings), small(settings))
    features = features_of(given, node, never, shared=shared, passes=passes)
    assert (features is not None) is (kept is not None)
    assert {path.parent.name for path in tmp_path.rglob("*.table")} == ({kept} if kept else set())


def test_ways_of_changing_nothing_are_no_views(tmp_path: Path, weights: str) -> None:
    features = computed(training(weights=weights, trainable="head", augmented_views=4), machine(tmp_path))
    assert features is not None
    assert len(features.views) == 1
    assert len(list(tmp_path.glob("*.table"))) == 1


def test_all_tables_together_keep_to_the_memory(tmp_path: Path) -> None:
    """41 images with 512 floats each are 84 KB; a quarter of the memory is for all that is kept in it."""
    settings = training(trainable="head", augmentation="flip", augmented_views=3, cache="memory")
    assert computed(settings, machine(tmp_path, memory_bytes=4 * 84_000)) is None
    assert computed(settings, machine(tmp_path, memory_bytes=12 * 84_000)) is not None


@pytest.mark.parametrize(("trainable", "at_once"), [("head", 8), ("layer2", 2)])
def test_only_vectors_are_evaluated_many_at_once(weights: str, tmp_path: Path, trainable: str, at_once: int) -> None:
    settings = training(weights=weights, trainable=trainable)
    given = replace(small(settings), features=computed(settings, machine(tmp_path)), image_size=362)  # 2 at once
    assert {len(batch) for batch in given.validation_batches()} == {at_once}


def test_a_view_is_the_same_in_all_trials_and_comes_again() -> None:
    settings = training(trainable="head", augmentation="flip", augmented_views=2)
    given = small(settings)
    pixels, positions = given.images.pixels(torch.arange(8)), torch.arange(8)
    seen = [given.augmentation.of_images(pixels, positions, epoch) for epoch in (1, 2, 3)]
    assert torch.equal(seen[0], seen[2])
    assert not torch.equal(seen[0], seen[1])


def test_the_trials_of_an_experiment_share_what_the_first_has_computed(
    tmp_path: Path, weights: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "podium")
    pets = write_images(tmp_path / "pets", each=10)
    settings = training(dataset="image_folder", data=str(pets), batch_size=4, weights=weights, trainable="head")
    accuracies = []
    for trial, configuration in ((1, {"learning_rate": 0.01}), (2, {"learning_rate": 0.02})):
        given = assignment(
            tmp_path / f"t{trial}",
            trial=trial,
            training=settings,
            to_epoch=2,
            configuration=configuration,
            shared=(tmp_path / "shared").as_uri(),
        )
        with serving(FakeRunApi(given)) as api:
            assert train_here(api, monkeypatch) is None
            accuracies.append([report.metrics["val_accuracy"] for report in api.reports])
    assert caplog.text.count("sending 20 images through the frozen layers once, into") == 1
    assert len(list((tmp_path / "shared").glob("*.table"))) == 1
    assert all(len(each) == 2 for each in accuracies)
