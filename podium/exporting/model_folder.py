"""The folder that `podium best --download` leaves: weights, what they are of, and the code that loads them.

    model.pt      the weights that validation judged by, as torch.save writes a state dict
    config.json   parameters, training section, labels, preprocessing, and what validation found
    load.py       load_model(), which needs torch and torchvision and nothing of Podium
    README.md     the same for a person

The folder is there whole or not at all.
"""

import hashlib
import json
import tempfile
import zipfile
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

from podium import checkpoints, whole_folder
from podium.exporting.weights import Tensor, UnusableWeights, judged_weights, read_state, write_weights
from podium.results import Summary
from podium.trainer import Training
from podium.wire import Experiment, Trial

WEIGHTS, CONFIG, LOADER, README = "model.pt", "config.json", "load.py", "README.md"
OURS = {WEIGHTS, CONFIG, LOADER, README, "__pycache__"}
MEMBERS = b"podium members 1\n"
"""A checkpoint of folds or repeats begins so: the states of several trainings, their sizes before them."""
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
"""ImageNet's, by which the trainer normalizes the channels of whatever it trains on."""


class FolderTaken(Exception):
    """There is something in the folder's place that is not to be lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A trial trained in full, and what is known of it."""

    experiment: Experiment
    trial: Trial
    training: Training
    """The experiment's section, with the trial's own values in it."""
    summary: Summary


def model_of(experiment: Experiment, trial: Trial, summary: Summary) -> Model:
    """Return what is known of a trial that the built-in trainer has trained."""
    assert experiment.spec.training is not None  # else there would be no summary
    section = experiment.spec.training.without_test_data().model_dump(exclude_unset=True)
    training = Training.model_validate({**section, **trial.configuration})
    return Model(experiment=experiment, trial=trial, training=training, summary=summary)


def refuse_taken(folder: Path, *, force: bool) -> None:
    """Raise FolderTaken unless the folder is free, or holds such a folder and may be replaced."""
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir() or folder.is_symlink():
        raise FolderTaken(f"{folder} is there, and is no folder; name another")
    held = {path.name for path in folder.iterdir()}
    if strange := sorted(held - OURS):
        raise FolderTaken(f"{folder} holds {strange[0]}, which is no part of a downloaded model; name another folder")
    if held and not force:
        raise FolderTaken(f"{folder} holds a downloaded model; replace it with --force, or name another folder")


def write_folder(folder: Path, model: Model, checkpoint: BinaryIO, *, force: bool) -> None:
    """Write the folder. Raises FolderTaken, checkpoints.Damaged, UnusableWeights and OSError; nothing is written then.

    Of one that is replaced, the old or the new one is there after whatever fails.
    """
    refuse_taken(folder, force=force)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
        new = Path(beside) / "new"
        new.mkdir()
        is_average = _write_weights(new / WEIGHTS, model, checkpoint)
        config = config_of(model, is_average=is_average, sha256=_digest(new / WEIGHTS))
        (new / CONFIG).write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        (new / README).write_text(readme_of(model, config), encoding="utf-8")
        loader = resources.files("podium.exporting").joinpath("standalone", LOADER)
        (new / LOADER).write_bytes(loader.read_bytes())
        refuse_taken(folder, force=force)
        whole_folder.put(new, folder)


def config_of(model: Model, *, is_average: bool, sha256: str) -> dict[str, Any]:  # Any: JSON
    """Return what `config.json` holds."""
    experiment, trial, training, summary = model.experiment, model.trial, model.training, model.summary
    return {
        "podium": version("podium"),
        "experiment": {"id": experiment.id, "name": experiment.name},
        "trial": trial.number,
        "epoch": summary.epoch,
        "objective": {"metric": experiment.spec.objective.metric, "value": trial.value},
        "parameters": trial.configuration,
        "training": training.model_dump(mode="json", exclude_unset=True),
        "model": {
            "architecture": training.model,
            "weights": "moving average" if is_average else "last step",
            "member": 1 if training.members > 1 else None,
            "members": training.members,
            "sha256": sha256,
        },
        "labels": [each.name for each in summary.classes],
        "preprocessing": {
            "image_size": training.image_size,
            "color": "RGB",
            "fit": "the shorter side is scaled and the middle cut out, PIL.ImageOps.fit, bilinear",
            "mean": MEAN,
            "std": STD,
        },
        "validation": summary.model_dump(
            mode="json",
            include={"images", "top1", "top5", "loss", "macro_f1", "calibration_error", "data_digest", "split_digest"},
        ),
    }


def readme_of(model: Model, config: dict[str, Any]) -> str:
    """Return the page for a person."""
    trial, training, summary = model.trial, model.training, model.summary
    objective = config["objective"]
    remarks = [
        f"The weights are those that validation judged by: the {config['model']['weights']}"
        + ("'s." if config["model"]["weights"] == "last step" else " of the training's steps.")
    ]
    if training.members > 1:
        remarks.append(
            f"A result of this trial is the mean of {training.members} trainings. This is the model of the first; what "
            "validation found of it alone may differ from that mean."
        )
    if training.precision != "fp32":
        remarks.append(f"It was trained with `precision: {training.precision}`; in fp32 the last digits differ.")
    if training.dataset == "digits":
        remarks.append(
            "The digits were enlarged from 8 x 8 numbers, not from pictures: of a picture, the last digits differ."
        )
    return f"""# {training.model} of {model.experiment.name}, trial {trial.number}

{objective["metric"]} {objective["value"]} after epoch {summary.epoch}; top-1 accuracy {summary.top1:.4f} on
{summary.images} validation images.

```python
from PIL import Image
from load import load_model

model, transform, labels = load_model()
logits = model(transform(Image.open("picture.jpg"))[None])
print(labels[logits.argmax(1).item()])
```

or `python load.py picture.jpg`. It takes `pip install torch torchvision`, and nothing of Podium.

{chr(10).join(remarks)}

`model.pt` is a state dict of torchvision's `{training.model}` whose `fc` has {len(summary.classes)} outputs, the
labels of `config.json` in their order; `torch.load("model.pt", weights_only=True)` reads it. `config.json` holds
parameters, training section and preprocessing too.
"""


def _write_weights(path: Path, model: Model, checkpoint: BinaryIO) -> bool:
    """Write the weights; return whether they are the moving average."""
    _, start = checkpoints.check(checkpoint)
    with tempfile.TemporaryFile(dir=path.parent) as state:
        _copy_first_state(checkpoint, start, state)
        try:
            with zipfile.ZipFile(state) as archive:
                weights, is_average = judged_weights(read_state(archive))
                _refuse_other_labels(weights, len(model.summary.classes))
                with path.open("wb") as file:
                    write_weights(archive, weights, file)
        except zipfile.BadZipFile:
            raise UnusableWeights("the checkpoint is no archive that torch.save writes") from None
    return is_average


def _copy_first_state(checkpoint: BinaryIO, start: int, into: BinaryIO) -> None:
    """Copy the state of the first training that a checkpoint holds; most hold one."""
    checkpoint.seek(start)
    left: int | None = None
    if checkpoint.read(len(MEMBERS)) == MEMBERS:
        left = int(json.loads(checkpoint.readline())[0])
    else:
        checkpoint.seek(start)
    while part := checkpoint.read(min(1024 * 1024, 1024 * 1024 if left is None else left)):
        into.write(part)
        left = None if left is None else left - len(part)
    into.seek(0)


def _refuse_other_labels(weights: dict[str, Tensor], labels: int) -> None:
    last = weights.get("fc.weight")
    if last is None or last.size[0] != labels:
        found = "no last layer" if last is None else f"{last.size[0]} outputs"
        raise UnusableWeights(f"the model has {found} where the results name {labels} labels")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
