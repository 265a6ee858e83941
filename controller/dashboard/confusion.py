"""The confusion matrix of a full training, as a plotly figure. Pure: a summary in, JSON out.

Data sets may have ten thousand labels. No picture shows as many, and the matrix would be of a hundred million cells:
those with the most errors are drawn.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from controller.figures.palette import GRADED
from controller.figures.plain import plain
from podium.results import Summary

Figure = dict[str, Any]  # Any: plotly's JSON
Ints = NDArray[np.int64]
MOST_LABELS = 100
"""That are drawn."""
MOST_NAMES = 40
"""Labels that are written at the axes; of more, whoever points at a cell is told."""


def confusion_of(summary: Summary) -> Figure:
    """Draw how many images of each label were taken for each: a row for a label, on a colour scale of its share."""
    count = len(summary.classes)
    cells = _cells(summary)
    of_label = np.bincount(cells[:, 0], weights=cells[:, 2], minlength=count)  # (labels,), of all that it was taken for
    kept = _most_mistaken(cells, count)
    images = _dense(cells, kept, count)
    shares = images / np.maximum(of_label[kept], 1)[:, None]
    places = list(range(len(kept)))  # not the names, of which two may look the same once they are cut
    axis = {
        "type": "linear",
        "tickmode": "array",
        "tickvals": places,
        "ticktext": [plain(summary.classes[each].name) for each in kept],
        "showticklabels": len(kept) <= MOST_NAMES,
        "constrain": "domain",
    }
    which = f", of the {len(kept)} labels of {count} with the most errors" if len(kept) < count else ""
    return {
        "data": [
            {
                "type": "heatmap",
                "x": places,
                "y": places,
                "z": shares.round(4).tolist(),
                "customdata": images.tolist(),
                "hovertemplate": "%{y} taken for %{x}: %{customdata} images<extra></extra>",
                "zmin": 0,
                "zmax": 1,
                "colorscale": GRADED,
                "colorbar": {"title": {"text": "share"}},
            }
        ],
        "layout": {
            "xaxis": axis | {"title": {"text": f"taken for{which}"}},
            "yaxis": axis | {"title": {"text": "label"}, "autorange": "reversed", "scaleanchor": "x"},
        },
    }


def _cells(summary: Summary) -> Ints:
    """Return label, guess and images of each cell; one of a label that the summary does not name is left out."""
    cells = np.array(summary.confusion_matrix, dtype=np.int64).reshape(-1, 3)
    is_known = ((cells[:, :2] >= 0) & (cells[:, :2] < len(summary.classes))).all(axis=1) & (cells[:, 2] >= 0)
    known: Ints = cells[is_known]
    return known


def _most_mistaken(cells: Ints, count: int) -> Ints:
    """Return the labels to draw in their order: those with the most images mistaken for others, or others for them."""
    wrong = cells[cells[:, 0] != cells[:, 1]]
    errors = sum(np.bincount(wrong[:, side], weights=wrong[:, 2], minlength=count) for side in (0, 1))
    return np.sort(np.argsort(-np.asarray(errors), kind="stable")[:MOST_LABELS])


def _dense(cells: Ints, kept: Ints, count: int) -> Ints:
    """Return the images of each pair of labels that are kept, shaped (labels, guesses)."""
    place = np.full(count, -1)
    place[kept] = np.arange(len(kept))
    shown = cells[(place[cells[:, :2]] >= 0).all(axis=1)]
    images = np.zeros((len(kept), len(kept)), dtype=np.int64)
    np.add.at(images, (place[shown[:, 0]], place[shown[:, 1]]), shown[:, 2])
    return images
