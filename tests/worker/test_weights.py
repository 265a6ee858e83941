"""Weights of one's own: taken whole but for the last layer, or refused with what does not fit."""

from pathlib import Path

import pytest
import torch
from torchvision import models

from tests.worker.small import training
from worker.model import build_model
from worker.settings import UnusableSettings


def state(classes: int = 5, model: str = "resnet18") -> dict[str, torch.Tensor]:
    torch.manual_seed(3)
    return dict(models.get_model(model, num_classes=classes).state_dict())


@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: {"state_dict": s, "epoch": 3}, lambda s: {"model": s}])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_all_but_the_last_layer_comes_from_the_file(tmp_path: Path, wrap: object, prefix: str) -> None:
    assert callable(wrap)
    stored = state()
    torch.save(wrap({prefix + name: tensor for name, tensor in stored.items()}), tmp_path / "weights.pt")
    torch.manual_seed(4)
    model = build_model(training(weights=str(tmp_path / "weights.pt")), classes=7)
    loaded = model.state_dict()
    assert {name for name in stored if not torch.equal(stored[name], loaded[name])} == {"fc.weight", "fc.bias"}
    assert loaded["fc.weight"].shape == (7, 512)


def test_an_url_is_read_through_fsspec(tmp_path: Path) -> None:
    torch.save(state(), tmp_path / "weights.pt")
    model = build_model(training(weights=(tmp_path / "weights.pt").as_uri()), classes=7)
    assert torch.equal(model.state_dict()["conv1.weight"], state()["conv1.weight"])


def missing(path: Path) -> None:
    pass


def of_another_model(path: Path) -> None:
    torch.save(state(model="resnet50"), path)


def without_a_layer(path: Path) -> None:
    torch.save({name: tensor for name, tensor in state().items() if name != "bn1.weight"}, path)


def with_more(path: Path) -> None:
    torch.save({**state(), "layer5.0.conv1.weight": torch.zeros(2)}, path)


def text(path: Path) -> None:
    path.write_text("<html>404</html>")


def a_list(path: Path) -> None:
    torch.save([1, 2], path)


def code(path: Path) -> None:
    torch.save(Intruder(path.parent), path)


class Intruder:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (self.folder / "was-here").touch, ()  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (missing, r"weights\.pt cannot be read: .*No such file"),
        (
            of_another_model,
            r"does not fit training\.model: layer1\.0\.conv1\.weight is of shape \(64, 64, 1, 1\) where the model has "
            r"\(64, 64, 3, 3\); .*; .*, and \d+ more$",
        ),
        (without_a_layer, r"does not fit training\.model: bn1\.weight is missing$"),
        (with_more, r"does not fit training\.model: layer5\.0\.conv1\.weight is not in the model$"),
        (text, r"weights\.pt holds nothing that torch\.load\(weights_only=True\) reads"),
        (a_list, r"weights\.pt holds no state dict"),
        (code, r"weights\.pt holds nothing that torch\.load\(weights_only=True\) reads"),
    ],
)
def test_weights_that_do_not_fit_are_refused(tmp_path: Path, write: object, said: str) -> None:
    assert callable(write)
    write(tmp_path / "weights.pt")
    with pytest.raises(UnusableSettings, match=said):
        build_model(training(weights=str(tmp_path / "weights.pt")), classes=7)
    assert not (tmp_path / "was-here").exists()


def test_a_store_that_nothing_here_reads_is_named() -> None:
    with pytest.raises(UnusableSettings, match=r"nowhere://bucket/weights\.pt cannot be read"):
        build_model(training(weights="nowhere://bucket/weights.pt"), classes=7)
