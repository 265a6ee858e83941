"""An experiment in MLflow: a parent run, and a child run for each trial. Exported again, nothing is there twice.

Runs are found again by their tags. A run whose digest is unchanged is left alone; of one that has changed, only the
values that MLflow does not hold are sent, since not every store of MLflow's drops a value that it has.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from podium.documents import write_document
from podium.exporting.mlflow_api import MlflowRun, MlflowServer
from podium.exporting.mlflow_words import (
    DIGEST_TAG,
    EXPERIMENT_TAG,
    PARENT_TAG,
    TRIAL_TAG,
    Told,
    told_of_experiment,
    told_of_trial,
)
from podium.exporting.spool import Spool
from podium.taxonomy import TrialState
from podium.wire import Experiment

Results = Callable[[int], Mapping[str, bytes]]
"""The files of a trial's results by their paths, for its number; none where there are none."""
SPEC = "experiment.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    parent_run: str
    created: int
    updated: int
    unchanged: int


def export(server: MlflowServer, experiment: Experiment, records: Spool, *, name: str, results: Results) -> Exported:
    """Tell MLflow of an experiment, in its experiment of this name. Raises MlflowRefused."""
    home = server.experiment(name)
    parent = _parent(server, home, told_of_experiment(experiment, records.newest), experiment)
    children = {run.tags[TRIAL_TAG]: run for run in server.runs(home, {PARENT_TAG: parent.run_id})}
    counts = {"created": 0, "updated": 0, "unchanged": 0}
    for record in records:
        told = told_of_trial(experiment.id, record)
        child = children.get(str(record.trial.number))
        if child is not None and child.tags.get(DIGEST_TAG) == told.digest:
            counts["unchanged"] += 1
            continue
        counts["created" if child is None else "updated"] += 1
        artifacts = results(record.trial.number) if record.trial.state is TrialState.COMPLETED else {}
        _tell(server, child or _created(server, home, told, {PARENT_TAG: parent.run_id}), told, artifacts)
    return Exported(parent_run=parent.run_id, **counts)


def _parent(server: MlflowServer, home: str, told: Told, experiment: Experiment) -> MlflowRun:
    known = [run for run in server.runs(home, {EXPERIMENT_TAG: experiment.id}) if TRIAL_TAG not in run.tags]
    parent = known[0] if known else _created(server, home, told, {})
    if parent.tags.get(DIGEST_TAG) != told.digest:
        spec = write_document(experiment.spec.model_dump(mode="json", exclude_unset=True))
        _tell(server, parent, told, {SPEC: spec.encode()})
    return parent


def _created(server: MlflowServer, home: str, told: Told, more: Mapping[str, str]) -> MlflowRun:
    """Create a run with the tags by which it is found again, so that one that is cut short is not made twice."""
    found_by = {key: told.tags[key] for key in (EXPERIMENT_TAG, TRIAL_TAG) if key in told.tags}
    run = server.create_run(home, told.name, {**found_by, **more}, told.start_time)
    return MlflowRun(run_id=run.run_id, artifact_uri=run.artifact_uri, tags={})


def _tell(server: MlflowServer, run: MlflowRun, told: Told, artifacts: Mapping[str, bytes]) -> None:
    is_new = not run.tags
    held = (
        set()
        if is_new
        else {each for key in {each.key for each in told.metrics} for each in server.history(run.run_id, key)}
    )
    for path, content in artifacts.items():
        server.put_artifact(run, path, content)
    server.update_run(run.run_id, name=told.name, status=told.status, end_time=told.end_time)
    server.log(
        run.run_id,
        params=told.params,
        metrics=[each for each in told.metrics if each not in held],
        tags={**told.tags, DIGEST_TAG: told.digest},
    )
