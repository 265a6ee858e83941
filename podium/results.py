"""What a full training leaves beside its one number, as the worker writes it and everybody else reads it.

The files lie in one folder of the artifact store. `summary.json` is a Summary, is written last, and names the others.
"""

import re
import types
from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from podium.contract import Contract

SUMMARY = "summary.json"
PREDICTIONS = "predictions.parquet"
Part = Literal["validation", "test"]
"""The images that a trial is judged on: those by which it was chosen, or those that no search saw."""
FOLDERS: Mapping[Part, str] = types.MappingProxyType({"validation": "results", "test": "test"})
"""The names of a trial's folders, and of its results over HTTP."""
MOST_MISTAKES = 64
"""Thumbnails of misclassified images, at most."""

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256."""
MISTAKE_FILE = r"^mistakes/[0-9]{2}\.png$"
"""The only form of a thumbnail's name: a summary cannot lead its readers out of its folder."""
MistakeFile = Annotated[str, Field(pattern=MISTAKE_FILE, examples=["mistakes/00.png"])]


def is_file_of_results(name: str) -> bool:
    """Say whether a file beside the summary may be called so."""
    return name == PREDICTIONS or re.fullmatch(MISTAKE_FILE, name, re.ASCII) is not None


class Cell(NamedTuple):
    """A cell of the confusion matrix that is not 0: positions in `classes`, and how many images."""

    label: int
    predicted: int
    images: int


class ClassResult(Contract):
    """How the images of one label fared."""

    name: str
    images: Count
    correct: Count
    predicted: Count
    """Images of any label that were taken for this one."""
    accuracy: Share | None
    """None without images."""
    f1: Share | None
    """None without images, and without any that were taken for it."""


class Confusion(Contract):
    """A label that was taken for another, how often, and which of its attributes that mistook."""

    label: str
    predicted: str
    count: Annotated[int, Field(ge=1)]
    mistaken: list[str] | None = None
    """None where attributes of either label are not known."""


class Combination(Contract):
    """Errors that mistook these attributes and no others."""

    mistaken: list[str]
    """Empty where two labels have all attributes in common."""
    count: Count


class AttributeErrors(Contract):
    """Errors split by what of the label was mistaken. Those of labels without attributes are left out."""

    wrong: dict[str, Count]
    """By attribute; an error that mistook two counts for both."""
    combinations: list[Combination]
    """The commonest first."""
    left_out: Count
    """Errors."""
    unknown_labels: list[str]
    """Without attributes."""


class Mistake(Contract):
    """A misclassified image with its thumbnail."""

    file: MistakeFile
    position: Count
    """In the data set."""
    name: str
    """What a person finds the image by, such as its path."""
    label: str
    predicted: str
    confidence: Share


class Summary(Contract):
    """The results of a full training on the validation images, or on those of the test part."""

    version: Literal[1] = 1
    part: Part = "validation"
    epoch: Annotated[int, Field(ge=1)]
    """After which they were measured."""
    data_digest: Digest
    """Of the data: of names, labels and sizes, or of all pixels. Every copy of them has the same."""
    split_digest: Digest
    """Of the images judged: those held out, which all trials of the experiment are compared on, or all test images."""
    images: Annotated[int, Field(ge=1)]
    """Judged."""
    top1: Share
    top5: Share | None
    """None where five guesses name every label."""
    loss: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    """Mean cross-entropy, in nats."""
    macro_f1: Share
    """Unweighted mean of the labels' F1, over those that have images or were guessed."""
    calibration_error: Share
    """Expected calibration error with 15 bins."""
    classes: list[ClassResult]
    confusion_matrix: list[Cell]
    """By label and guess."""
    confusions: list[Confusion]
    """The commonest errors, the most frequent first."""
    attribute_errors: AttributeErrors | None = None
    mistakes: list[Mistake] = Field(max_length=MOST_MISTAKES)
    """The most confident first."""

    def files(self) -> list[str]:
        """Return the names of the files beside the summary."""
        return [PREDICTIONS, *(mistake.file for mistake in self.mistakes)]
