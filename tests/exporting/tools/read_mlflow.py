"""Print as JSON what an MLflow server holds in an experiment, as MLflow's own client reads it: SERVER EXPERIMENT."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from mlflow import MlflowClient

client = MlflowClient(tracking_uri=sys.argv[1])
home = client.get_experiment_by_name(sys.argv[2])


def told(run: Any) -> dict[str, Any]:  # Any: what mlflow has; JSON
    """Return all of a run."""
    history = {
        key: [[each.step, each.value, each.timestamp] for each in client.get_metric_history(run.info.run_id, key)]
        for key in run.data.metrics
    }
    with tempfile.TemporaryDirectory() as folder:
        if client.list_artifacts(run.info.run_id):
            client.download_artifacts(run.info.run_id, "", folder)
        found = {
            path.relative_to(folder).as_posix(): path.read_text(errors="replace")
            for path in Path(folder).rglob("*")
            if path.is_file()
        }
    return {
        "id": run.info.run_id,
        "status": run.info.status,
        "ended": run.info.end_time,
        "params": run.data.params,
        "tags": run.data.tags,
        "history": {key: sorted(points) for key, points in history.items()},
        "artifacts": found,
    }


runs = client.search_runs([home.experiment_id])
parents = [run for run in runs if "podium.trial" not in run.data.tags]
assert len(parents) == 1, "one parent"
children = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parents[0].info.run_id]
numbers = [run.data.tags["podium.trial"] for run in children]
assert len(set(numbers)) == len(numbers) == len(runs) - 1, "one child for each trial"
held = {"parent": told(parents[0]), "children": dict(zip(numbers, map(told, children), strict=True))}
json.dump(held, sys.stdout)
