"""Which data set an experiment trains on, and what comes between its files and the trainer: a cache, and skipping."""

from podium.evaluation import why_no_test_part
from podium.trainer import Training
from worker.decoded_images import decoded_once
from worker.decoding import REMEDY, Decoded, Pictures
from worker.digits import Digits
from worker.image_folder import image_folder
from worker.images import Images, Part, UnusableData
from worker.machine import Machine
from worker.skipping import bad_among, without


def open_images(training: Training, machine: Machine, *, part: Part = "train") -> Images:
    """Open a part of the data set that the experiment names. Raises UnusableData, as where there is no test part."""
    if part == "test" and (why := why_no_test_part(training)) is not None:
        raise UnusableData(why)
    fewest = (training.folds or 2) if part == "train" else 0
    if training.dataset == "digits":
        return Digits(image_size=training.image_size)
    pictures = _pictures(training, part)
    decoded = Decoded(pictures, image_size=training.image_size, threads=machine.threads)
    images, bad = decoded_once(decoded, training.cache, machine)
    if training.on_bad_image == "skip":
        return without(bad_among(decoded) if bad is None else bad, images, fewest=fewest)
    if bad:
        others = f", nor can {len(bad) - 1} more" if len(bad) > 1 else ""
        raise UnusableData(f"{bad[0]}{others}; {REMEDY}")
    return images


def _pictures(training: Training, part: Part) -> Pictures:
    """Open the files. What reads one kind of them only is loaded for that kind only."""
    skips = training.on_bad_image == "skip"
    root, setting = training.data or "", "training.data"
    if part == "test" and training.test_data is not None:
        root, setting = training.test_data, "training.test_data"
    match training.dataset:
        case "image_folder":
            return image_folder(root, keep_empty=skips, setting=setting)
        case "stanford_cars":
            from worker.stanford_cars import stanford_cars  # noqa: PLC0415

            return stanford_cars(root, part, keep_missing=skips)
        case "parquet":
            from worker.parquet import ParquetPictures  # noqa: PLC0415

            return ParquetPictures(root, part, setting=setting)
        case "digits":
            raise AssertionError("the digits are no files")
        case name:
            from worker.torchvision_sets import torchvision_set  # noqa: PLC0415

            return torchvision_set(name, root, part)
