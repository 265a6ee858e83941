"""The folder of a full training's results: files first, and the summary that names them last.

Written again, as by an attempt that repeats an epoch whose report was lost, it is the same folder. A fault costs the
results and a line in the log, never the training that they are about.
"""

import logging
from collections.abc import Sequence

from podium.results import PREDICTIONS, SUMMARY, Summary
from podium.whole_file import write_with_patience
from worker.images import Images
from worker.results.predictions import Predictions, joined
from worker.results.summary import Labels, summarize
from worker.results.table import parquet
from worker.results.thumbnails import thumbnail

_log = logging.getLogger(__name__)


def write_results(folder: str, by_fold: Sequence[Predictions], labels: Labels, images: Images, *, epoch: int) -> None:
    """Store summary, predictions and thumbnails, or log why not. The predictions are those of each fold, or one."""
    try:
        store(folder, summarize(by_fold, labels, images, epoch=epoch), joined(by_fold), images)
    except Exception as error:  # noqa: BLE001 - each storage has errors of its own, and none is worth a training
        first_line = next(iter(str(error).splitlines()), "")
        _log.warning(
            "podium: the results in detail could not be written to %s (%s: %s); the trial's metrics are reported all "
            "the same",
            folder,
            type(error).__name__,
            first_line,
        )


def store(folder: str, summary: Summary, predictions: Predictions, images: Images) -> None:
    """Store what a summary is of, and the summary. Raises what the storage raises, and UnusableData."""
    names = [each.name for each in summary.classes]
    write_with_patience(f"{folder}/{PREDICTIONS}", parquet(predictions, names, images))
    for mistake in summary.mistakes:
        write_with_patience(f"{folder}/{mistake.file}", thumbnail(images, mistake.position))
    unsaid = {"part"} if summary.part == "validation" else None  # a controller of before knows no other part
    write_with_patience(f"{folder}/{SUMMARY}", summary.model_dump_json(exclude=unsaid).encode())
