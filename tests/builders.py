"""Objects that many tests need, each made whole by one call."""

from typing import Any

Document = dict[str, Any]


def spec_document(**changes: Any) -> Document:
    """Return a small spec with a training command, as a user would write it; `changes` replace whole sections."""
    document: Document = {
        "name": "tiny",
        "objective": {"metric": "val_accuracy", "direction": "maximize"},
        "parameters": {
            "learning_rate": {"type": "real", "low": 1e-4, "high": 1.0, "scale": "log"},
            "batch_size": {"type": "integer", "low": 16, "high": 256, "scale": "log", "base": 2},
            "nesterov": {"type": "categorical", "choices": [True, False]},
        },
        "fidelity": {"rungs": {"small": 1, "medium": 2, "full": 4}},
        "budget": {"cost": 4.0},
        "parallelism": 2,
        "seed": 7,
        "trial": {"command": ["true"]},
    }
    return {name: section for name, section in {**document, **changes}.items() if section is not None}
