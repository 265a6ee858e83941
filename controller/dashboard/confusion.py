"""The confusion matrix of a full training, as a plotly figure. Pure: a summary in, JSON out."""

from typing import Any

import numpy as np

from controller.figures.plain import plain
from podium.results import Summary

Figure = dict[str, Any]  # Any: plotly's JSON
MOST_NAMES = 40
"""Labels that are written at the axes; of more, whoever points at a cell is told."""


def confusion_of(summary: Summary) -> Figure:
    """Draw how many images of each label were taken for each: a row for a label, on a colour scale of its share."""
    names = [plain(each.name) for each in summary.classes]
    images = np.zeros((len(names), len(names)), dtype=int)  # (labels, guesses)
    for cell in summary.confusion_matrix:
        images[cell.label, cell.predicted] = cell.images
    shares = images / np.maximum(images.sum(axis=1, keepdims=True), 1)
    axis = {"showticklabels": len(names) <= MOST_NAMES, "constrain": "domain", "type": "category"}
    return {
        "data": [
            {
                "type": "heatmap",
                "x": names,
                "y": names,
                "z": shares.round(4).tolist(),
                "customdata": images.tolist(),
                "hovertemplate": "%{y} taken for %{x}: %{customdata} images<extra></extra>",
                "zmin": 0,
                "zmax": 1,
                "colorbar": {"title": {"text": "share"}},
            }
        ],
        "layout": {
            "xaxis": axis | {"title": {"text": "taken for"}},
            "yaxis": axis | {"title": {"text": "label"}, "autorange": "reversed", "scaleanchor": "x"},
        },
    }
