"""The body of a request for an experiment, as the OpenAPI document tells it: a spec, in either notation."""

from typing import Any

from controller.api.media_types import JSON, YAML

Json = Any  # a part of an OpenAPI document is as deep and as varied as JSON itself

EXAMPLE: Json = {
    "name": "digits",
    "objective": {"metric": "val_accuracy", "direction": "maximize"},
    "parameters": {
        "learning_rate": {"type": "real", "low": 1e-4, "high": 1.0, "scale": "log"},
        "batch_size": {"type": "integer", "low": 16, "high": 256, "scale": "log", "base": 2},
        "nesterov": {"type": "categorical", "choices": [True, False]},
    },
    "fidelity": {"resource": "epochs", "rungs": {"small": 1, "medium": 2, "full": 4}},
    "budget": {"cost": 6.0},
    "parallelism": 2,
    "training": {"dataset": "digits", "model": "resnet18", "weights": "none", "image_size": 32},
}
SPEC_BODY: Json = {
    "requestBody": {
        "required": True,
        "content": {
            media: {"schema": {"$ref": "#/components/schemas/ExperimentSpec"}, "example": EXAMPLE}
            for media in (JSON, YAML)
        },
    }
}
