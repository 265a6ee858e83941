"""The predictions of every validation image as a Parquet file, for whoever wants to look at all of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from worker.images import Images
from worker.results.predictions import Predictions


def parquet(predictions: Predictions, classes: Sequence[str], images: Images) -> bytes:
    """Return the file: position, name, label, predicted, confidence, loss; labels by their names."""
    # it takes half a second and 50 MB, and only the last epoch of a full training needs it
    import pyarrow  # noqa: PLC0415
    from pyarrow import parquet as format_  # noqa: PLC0415

    def named(labels: NDArray[np.int64]) -> object:
        return pyarrow.DictionaryArray.from_arrays(pyarrow.array(labels, pyarrow.int32()), list(classes))

    names = [images.name(position) for position in predictions.positions.tolist()]
    columns = {
        "position": pyarrow.array(predictions.positions),
        "name": pyarrow.array(names, pyarrow.string()),
        "label": named(predictions.labels),
        "predicted": named(predictions.predicted),
        "confidence": pyarrow.array(predictions.confidences.astype(np.float32)),
        "loss": pyarrow.array(predictions.losses.astype(np.float32)),
    }
    written = pyarrow.BufferOutputStream()
    format_.write_table(pyarrow.table(columns), written, compression="zstd")
    content: bytes = written.getvalue().to_pybytes()
    return content
