"""What MLflow answers, read: https://mlflow.org/docs/latest/rest-api.html. Every function raises OTHER_SHAPE."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar  # Any: JSON

from podium.exporting.mlflow_words import Metric

T = TypeVar("T")
OTHER_SHAPE = ValueError, KeyError, TypeError, AttributeError, OverflowError
"""What an answer raises that is not of MLflow's shape, at whatever depth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MlflowRun:
    run_id: str
    artifact_uri: str
    tags: Mapping[str, str]
    has_ended: bool = False
    """Whether it has an end time."""


def read_experiment(body: Any) -> tuple[str, bool]:
    """Read an experiment's id, and whether it is deleted."""
    found = body["experiment"]
    return read_text(found["experiment_id"]), found.get("lifecycle_stage") == "deleted"


def read_page(key: str, read: Callable[[Any], T], body: Any) -> tuple[list[T], str]:
    """Read what a page holds, and the token of the next one, which is empty where there is none."""
    return [read(each) for each in body.get(key, [])], read_text(body.get("next_page_token") or "")


def read_run(found: Any) -> MlflowRun:
    """Read a run, with its tags."""
    info = found["info"]
    return MlflowRun(
        run_id=read_text(info["run_id"]),
        artifact_uri=read_text(info["artifact_uri"]),
        tags={
            read_text(each["key"]): read_text(each.get("value", "")) for each in found.get("data", {}).get("tags", [])
        },
        has_ended=bool(info.get("end_time")),
    )


def read_metric(found: Any) -> Metric:
    """Read one value of a metric."""
    return Metric(
        key=read_text(found["key"]),
        value=float(found["value"]),
        timestamp=int(found["timestamp"]),
        step=int(found.get("step", 0)),
    )


def read_text(found: Any) -> str:
    """Return what must be a text."""
    if not isinstance(found, str):
        raise TypeError(f"{found!r} is no text")
    return found


def read_object(body: Any) -> Any:
    """Return what must be a JSON object."""
    if not isinstance(body, dict):
        raise TypeError(f"{type(body).__name__} is no JSON object")
    return body
