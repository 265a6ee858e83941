"""The trained model of this folder: `model, transform, labels = load_model()`. It needs torch and torchvision only.

    from PIL import Image
    from load import load_model

    model, transform, labels = load_model()
    logits = model(transform(Image.open("picture.jpg"))[None])
    print(labels[logits.argmax(1).item()])

or, from a shell: python load.py picture.jpg
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import torch
import torchvision
from PIL import Image, ImageOps
from torchvision.transforms.functional import pil_to_tensor

FOLDER = Path(__file__).resolve().parent
Transform = Callable[[Image.Image], torch.Tensor]


def load_model(folder: str | Path = FOLDER, device: str = "cpu") -> tuple[torch.nn.Module, Transform, list[str]]:
    """Return the model, ready to predict; what makes its input of a picture; and the names of its outputs."""
    config = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
    model = getattr(torchvision.models, config["model"]["architecture"])(weights=None)
    model.fc = torch.nn.Linear(model.fc.in_features, len(config["labels"]))
    weights = torch.load(Path(folder) / "model.pt", map_location="cpu", weights_only=True)
    model.load_state_dict(weights)
    return model.to(device).eval(), transform_of(config["preprocessing"]), config["labels"]


def transform_of(preprocessing: dict) -> Transform:  # type: ignore[type-arg]  # what JSON holds
    """Return what the trainer does to a picture: the shorter side scaled, the middle cut out, channels normalized."""
    size = (preprocessing["image_size"], preprocessing["image_size"])
    mean = torch.tensor(preprocessing["mean"])[:, None, None]
    std = torch.tensor(preprocessing["std"])[:, None, None]

    def transform(picture: Image.Image) -> torch.Tensor:  # (3, size, size)
        fitted = ImageOps.fit(picture.convert("RGB"), size, method=Image.Resampling.BILINEAR)
        pixels: torch.Tensor = pil_to_tensor(fitted)
        return (pixels.float() / 255 - mean) / std

    return transform


@torch.inference_mode()
def main() -> None:
    model, transform, labels = load_model()
    for path in sys.argv[1:]:
        shares = model(transform(Image.open(path))[None])[0].softmax(0)
        best = int(shares.argmax())
        print(f"{path}\t{labels[best]}\t{shares[best]:.4f}")  # noqa: T201 - this is what it is for


if __name__ == "__main__":
    main()
