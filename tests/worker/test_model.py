"""The ResNets: torchvision's own, spared of products with zeros; frozen where only the head is trained."""

import pytest
import torch
from torchvision import models

from podium.trainer import Training
from tests.worker.small import course, differing, learner, training, weights
from worker.model import build_model, set_training_mode
from worker.training import fit


@pytest.mark.parametrize("image_size", [32, 40])
def test_sparing_products_with_zeros_changes_no_result(image_size: int) -> None:
    torch.manual_seed(0)
    ours = build_model(training(), classes=10)
    plain = models.get_model("resnet18", num_classes=10)
    plain.load_state_dict(ours.state_dict())
    pixels = torch.rand(4, 3, image_size, image_size, dtype=torch.float64)

    for model in (ours, plain):  # in double precision: BatchNorm over 4 pixels enlarges differences of rounding
        model.double().train()
        model(pixels).square().sum().backward()

    for (name, our), their in zip(ours.named_parameters(), plain.parameters(), strict=True):
        assert our.grad is not None
        torch.testing.assert_close(our.grad, their.grad, rtol=1e-6, atol=1e-9, msg=name)


@pytest.mark.parametrize(
    ("trainable", "trained"),
    [
        ("head", {"fc"}),
        ("layer4", {"layer4", "fc"}),
        ("layer2", {"layer2", "layer3", "layer4", "fc"}),
        ("all", {"conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "fc"}),
    ],
)
def test_what_is_frozen_is_not_changed(trainable: str, trained: set[str]) -> None:
    """Neither weights nor the statistics of BatchNorm."""
    frozen = learner(training(trainable=trainable))
    before = weights(frozen)
    list(fit(frozen, course(train=32), [1]))
    assert {name.split(".")[0] for name in differing(before, weights(frozen))} == trained


@pytest.mark.parametrize("trainable", ["head", "layer3"])
def test_frozen_batch_normalization_is_not_in_training_mode(trainable: str) -> None:
    model = build_model(training(trainable=trainable), classes=10)
    set_training_mode(model)
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            assert module.training == module.weight.requires_grad, name


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "resnext50_32x4d", "wide_resnet50_2"])
def test_the_last_layer_has_an_output_for_each_label(name: str) -> None:
    settings: Training = training(model=name)
    model = build_model(settings, classes=17).eval()
    with torch.inference_mode():
        assert model(torch.rand(2, 3, 32, 32)).shape == (2, 17)
