"""What a Job is asked to do: a value that any cluster can run, made from the spec alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from podium.spec import ExperimentSpec
from podium.wire import RUN_TOKEN_VARIABLE, URL_VARIABLE

TRAINER_COMMAND = ("python", "-P", "-m", "worker")  # -P: no `worker.py` of the user's own gets in its place


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """One attempt's process: a name that is the same whenever it is asked for, a command, and its environment."""

    name: str
    """A DNS label of at most 63 characters."""
    command: tuple[str, ...]
    env: Mapping[str, str]


def job_name(experiment: str, trial: int, epochs: int, attempt: int) -> str:
    """Return the name of an attempt's Job: at most 63 characters up to trial 99999, attempt 999999."""
    return f"{experiment}-t{trial}-e{epochs}-a{attempt}"


def job_request(name: str, spec: ExperimentSpec, *, url: str, token: str) -> JobRequest:
    """Return what the cluster is to run for an attempt."""
    env = dict(spec.trial.env) if spec.trial else {}
    command = tuple(spec.trial.command) if spec.trial else TRAINER_COMMAND
    return JobRequest(name=name, command=command, env=env | {URL_VARIABLE: url, RUN_TOKEN_VARIABLE: token})
