"""An experiment in MLflow: a parent run, and a child run for each trial. Exported again, nothing is there twice.

Runs are found again by their tags. A run whose digest is unchanged is left alone; of one that has changed, only the
values that MLflow does not hold are sent, since not every store of MLflow's drops a value that it has.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from podium.documents import write_document
from podium.exporting.mlflow_answers import MlflowRun
from podium.exporting.mlflow_api import MlflowServer
from podium.exporting.mlflow_words import (
    DIGEST_TAG,
    EXPERIMENT_TAG,
    PARENT_TAG,
    TRIAL_TAG,
    VANISHING_TAGS,
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


def export(
    server: MlflowServer, experiment: Experiment, records: Spool, *, name: str, results: Results | None
) -> Exported:
    """Tell MLflow of an experiment, in its experiment of this name. Raises MlflowRefused.

    `results` is None where no artifact is to go along, not even the spec.
    """
    home = server.experiment(name)
    known = list(server.runs(home, {EXPERIMENT_TAG: experiment.id}))
    parent = _parent(
        server,
        home,
        found=next((run for run in known if TRIAL_TAG not in run.tags), None),
        told=told_of_experiment(experiment, records.newest),
        artifacts={} if results is None else {SPEC: _spec_of(experiment)},
    )
    children, under = children_of(known, parent.run_id), {PARENT_TAG: parent.run_id}
    counts = {"created": 0, "updated": 0, "unchanged": 0}
    for record in records:
        told = told_of_trial(experiment.id, record)
        child = children.get(str(record.trial.number))
        if child is not None and child.tags.get(DIGEST_TAG) == told.digest:
            if is_moved := child.tags.get(PARENT_TAG) != parent.run_id:
                server.log(child.run_id, params={}, metrics=[], tags=under)
            counts["updated" if is_moved else "unchanged"] += 1
            continue
        counts["created" if child is None else "updated"] += 1
        is_full = record.trial.state is TrialState.COMPLETED
        artifacts = results(record.trial.number) if results is not None and is_full else {}
        _tell(server, child or _created(server, home, told, under), told, artifacts, under)
    return Exported(parent_run=parent.run_id, **counts)


def children_of(known: Iterable[MlflowRun], parent_run: str) -> dict[str, MlflowRun]:
    """Return the runs of trials by their numbers; of two of one trial, that of this parent.

    A parent that somebody deleted leaves its children, which are then the next one's.
    """
    trials = [run for run in known if TRIAL_TAG in run.tags]
    trials.sort(key=lambda run: run.tags.get(PARENT_TAG) == parent_run)
    return {run.tags[TRIAL_TAG]: run for run in trials}


def _parent(
    server: MlflowServer, home: str, *, found: MlflowRun | None, told: Told, artifacts: Mapping[str, bytes]
) -> MlflowRun:
    """Return the experiment's own run, created where none is found, and told where it has changed."""
    parent = found or _created(server, home, told, {})
    if parent.tags.get(DIGEST_TAG) != told.digest:
        _tell(server, parent, told, artifacts, {})
    return parent


def _spec_of(experiment: Experiment) -> bytes:
    return write_document(experiment.spec.model_dump(mode="json", exclude_unset=True)).encode()


def _created(server: MlflowServer, home: str, told: Told, more: Mapping[str, str]) -> MlflowRun:
    """Create a run with the tags by which it is found again, so that one that is cut short is not made twice."""
    found_by = {key: told.tags[key] for key in (EXPERIMENT_TAG, TRIAL_TAG) if key in told.tags}
    run = server.create_run(home, told.name, {**found_by, **more}, told.start_time)
    return MlflowRun(run_id=run.run_id, artifact_uri=run.artifact_uri, tags={})


def _tell(
    server: MlflowServer, run: MlflowRun, told: Told, artifacts: Mapping[str, bytes], more: Mapping[str, str]
) -> None:
    is_new = not run.tags
    held = (
        set()
        if is_new
        else {each for key in {each.key for each in told.metrics} for each in server.history(run.run_id, key)}
    )
    for path, content in artifacts.items():
        server.put_artifact(run, path, content)
    # a trial that had ended, and runs again, has neither an end nor a reason for it
    end_time = 0 if told.end_time is None and run.has_ended else told.end_time
    server.update_run(run.run_id, name=told.name, status=told.status, end_time=end_time)
    for key in (run.tags.keys() & VANISHING_TAGS) - told.tags.keys():
        server.delete_tag(run.run_id, key)
    server.log(
        run.run_id,
        params=told.params,
        metrics=[each for each in told.metrics if each not in held],
        tags={**told.tags, **more, DIGEST_TAG: told.digest},
    )
