"""The reference that the worker is measured beside trains the same weights on the same images."""

from pathlib import Path

import pytest
import torch

from benchmarks import worker
from tests.worker.small import differing
from worker.stages import through
from worker.tally import NOTHING, never_leave
from worker.training import fit, train_one_epoch


@pytest.fixture
def place(tmp_path: Path) -> worker.Place:
    worker.write_photographs(tmp_path / "photographs", 20)
    return worker.Place(root=tmp_path)


def test_both_begin_alike_on_the_same_pixels(place: worker.Place) -> None:
    learner, course = place.trial(place.settings(image_size=32, batch_size=4))
    plain = place.plain(learner, course, workers=0)
    assert differing(learner.model.state_dict(), plain.model.state_dict()) == []
    [(pixels, labels)] = list(plain.validation)
    ours, targets = course.to_judge_by(course.split.validation, learner.device)
    assert labels.tolist() == targets.tolist()
    assert (pixels - ours).abs().mean() < 0.05  # of a spread of 1; the two cut the middle out in another order
    learner.model.eval()
    plain.model.eval()
    torch.testing.assert_close(through(learner.model, course.stages, pixels), plain.model(pixels), atol=1e-3, rtol=0.0)


def test_both_train_on_each_image_once(place: worker.Place) -> None:
    learner, course = place.trial(place.settings(image_size=32, batch_size=4))
    plain = place.plain(learner, course, workers=0)
    assert sorted(torch.cat(course.batches(1)).tolist()) == course.split.train.tolist()
    assert train_one_epoch(learner, course, epoch=1, trained=NOTHING, watch=never_leave).count == 16
    ours = torch.cat([course.to_judge_by(course.split.train, learner.device)[0].mean(dim=(1, 2, 3))]).sort().values
    theirs = torch.cat([pixels.mean(dim=(1, 2, 3)) for pixels, _ in plain.training]).sort().values
    torch.testing.assert_close(ours, theirs, atol=0.05, rtol=0.0)
    before = {name: tensor.clone() for name, tensor in plain.model.state_dict().items()}
    plain.train_one_epoch()
    assert "conv1.weight" in differing(before, dict(plain.model.state_dict()))


def test_an_extractor_is_trained_through_its_features(place: worker.Place) -> None:
    settings = place.settings(image_size=32, trainable="head", weights=place.pretrained())
    _, accuracy = place.extracted(settings)
    *_, plain = fit(*place.trial(settings), range(1, worker.EPOCHS + 1))
    assert accuracy == plain.validation.accuracy
    assert len(list((place.root / "cache").glob("*.table"))) == 2, "the pixels, and the features"
