"""Images are changed, by nothing but where they are in which training."""

from collections.abc import Mapping

import pytest
import torch

from podium.recipe import Recipe
from worker.augmentation import ERASED, Augmentation

IMAGES, SIZE = 8, 32
POSITIONS = torch.arange(IMAGES)


def augmentation(**settings: object) -> Augmentation:
    return of_trial(3, settings)


def of_trial(trial: int, settings: Mapping[str, object]) -> Augmentation:
    return Augmentation(Recipe.model_validate(settings), classes=4, seed=7, trial=trial)


def pixels() -> torch.Tensor:
    """Images of four colors, none of them symmetric."""
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (IMAGES, 3, SIZE, SIZE), dtype=torch.uint8, generator=generator)


def test_without_augmentation_nothing_is_changed() -> None:
    plain, given = augmentation(), pixels()
    assert plain.of_images(given, POSITIONS, epoch=1) is given
    labels = torch.zeros(IMAGES, dtype=torch.long)
    assert plain.of_batch(given.float(), labels, epoch=1, batch=0)[1] is labels


@pytest.mark.parametrize(
    "settings",
    [
        {"augmentation": "flip"},
        {"augmentation": "randaugment"},
        {"augmentation": "trivialaugment"},
        {"random_erasing": 0.5},
    ],
    ids=str,
)
def test_the_same_image_in_the_same_epoch_is_changed_the_same_way(settings: dict[str, object]) -> None:
    each, given = augmentation(**settings), pixels()
    together = each.of_images(given, POSITIONS, epoch=2)
    torch.manual_seed(99)
    alone = torch.cat([each.of_images(given[n : n + 1], POSITIONS[n : n + 1], epoch=2) for n in range(IMAGES)])
    assert torch.equal(together, alone)
    assert together.dtype == torch.uint8
    assert together.shape == given.shape
    assert not torch.equal(together, each.of_images(given, POSITIONS, epoch=3))
    assert not torch.equal(together, of_trial(4, settings).of_images(given, POSITIONS, epoch=2))


def test_a_flip_turns_about_half_of_the_images() -> None:
    given = pixels()
    seen = [augmentation(augmentation="flip").of_images(given, POSITIONS, epoch=epoch) for epoch in range(50)]
    turned = [torch.equal(image, given[n].flip(-1)) for batch in seen for n, image in enumerate(batch)]
    kept = [torch.equal(image, given[n]) for batch in seen for n, image in enumerate(batch)]
    assert sum(turned) + sum(kept) == len(turned)
    assert 0.4 < sum(turned) / len(turned) < 0.6


def test_a_larger_magnitude_changes_more() -> None:
    smooth = torch.linspace(0, 255, SIZE)[:, None].expand(IMAGES, 3, SIZE, SIZE).to(torch.uint8)  # a flip changes none

    def change(magnitude: int) -> float:
        each = augmentation(augmentation="randaugment", augmentation_magnitude=magnitude)
        changed = torch.cat([each.of_images(smooth, POSITIONS, epoch=epoch) for epoch in range(10)])
        return float((changed.float() - smooth.repeat(10, 1, 1, 1).float()).abs().mean())

    assert change(25) > 1.3 * change(2)


def test_erased_pixels_have_the_mean_color() -> None:
    white = torch.full((IMAGES, 3, SIZE, SIZE), 255, dtype=torch.uint8)
    changed = augmentation(random_erasing=1.0).of_images(white, POSITIONS, epoch=1)
    erased = (changed != 255).any(dim=1)  # (images, height, width)
    assert erased.flatten(1).any(dim=1).all()
    assert {tuple(color) for color in changed.permute(0, 2, 3, 1)[erased].tolist()} == {tuple(ERASED)}


@pytest.mark.parametrize("settings", [{"mixup": 0.4}, {"cutmix": 1.0}, {"mixup": 0.4, "cutmix": 1.0}], ids=str)
def test_labels_are_mixed_as_their_images_are(settings: dict[str, object]) -> None:
    """Each image is all of one shade, its label's: the mean shade of a mixture tells the shares."""
    shades = torch.tensor([0.0, 1.0, 2.0, 3.0] * 2)
    images, labels = shades[:, None, None, None].expand(IMAGES, 3, SIZE, SIZE), shades.long()
    each = augmentation(**settings)
    mixed, shares = each.of_batch(images, labels, epoch=1, batch=0)
    assert torch.allclose(shares.sum(dim=1), torch.ones(IMAGES))
    assert torch.allclose(shares @ torch.arange(4.0), mixed.mean(dim=(1, 2, 3)), atol=1e-5)
    torch.manual_seed(99)
    again, other = (each.of_batch(images, labels, epoch=1, batch=batch)[1] for batch in (0, 1))
    assert torch.equal(again, shares)
    assert not torch.equal(other, shares)


def test_with_both_mixtures_each_batch_has_one_of_them() -> None:
    both, shade = augmentation(mixup=0.4, cutmix=1.0), torch.tensor([0.0, 1.0])
    images, labels = shade[:, None, None, None].expand(2, 3, SIZE, SIZE), shade.long()
    mixed = [len(set(both.of_batch(images, labels, epoch=1, batch=n)[0][0].flatten().tolist())) for n in range(20)]
    assert set(mixed) == {1, 2}, "mixup blends to one shade, CutMix keeps the two"


def test_the_generator_of_the_model_is_left_alone() -> None:
    each = augmentation(augmentation="randaugment", mixup=0.2)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    each.of_images(pixels(), POSITIONS, epoch=1)
    each.of_batch(pixels().float(), torch.zeros(IMAGES, dtype=torch.long), epoch=1, batch=0)
    assert torch.equal(torch.rand(1), expected)
