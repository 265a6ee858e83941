"""What a Job is asked to do: a value that any cluster can run, made from the spec and what was learned, by no I/O."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from podium.pod import PodShape, laid_over
from podium.quantity import amount, times
from podium.resources import Resources
from podium.spec import ExperimentSpec
from podium.wire import URL_VARIABLE

JOB_NAME = re.compile(r"(.+)-t(\d+)-e(\d+)-a(\d+)")
LONGEST_SILENCE_SECONDS = 30 * 86_400
TRAINER_COMMAND = ("python", "-P", "-m", "worker")  # -P: no `worker.py` of the user's own gets in its place


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptKey:
    """Whose Job it is: what its name and its labels say."""

    experiment: str
    trial: int
    epochs: int
    attempt: int

    @property
    def job(self) -> str:
        """The name of the attempt's Job: at most 63 characters up to trial 99999, attempt 999999."""
        return f"{self.experiment}-t{self.trial}-e{self.epochs}-a{self.attempt}"


def key_of_job(name: str) -> AttemptKey | None:
    """Return whose Job a name is; None for one that is no attempt's."""
    found = JOB_NAME.fullmatch(name)
    if found is None:
        return None
    experiment, trial, epochs, attempt = found.groups()
    return AttemptKey(experiment=experiment, trial=int(trial), epochs=int(epochs), attempt=int(attempt))


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What was learned about where and how long the attempt can run."""

    avoided_nodes: tuple[str, ...] = ()
    """Nodes that fail trial after trial."""
    disliked_nodes: tuple[str, ...] = ()
    """Nodes on which this run failed before: another is better, if there is one."""
    memory_factor: float = 1.0
    deadline_seconds: int | None = None
    """When the cluster is to end it by itself, should the controller be gone; None while nothing was learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """How an attempt reaches the API."""

    url: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """One attempt's process: a name that is the same whenever it is asked for, a command, and what it runs in."""

    name: str
    """A DNS label of at most 63 characters."""
    key: AttemptKey
    command: tuple[str, ...]
    env: Mapping[str, str]
    """The token is not among them: each cluster has its own way to hand a secret over."""
    token: str = field(repr=False)
    pod: PodShape = PodShape()
    placement: Placement = Placement()
    is_external: bool = False
    """Nothing is to be started: whoever asks for it takes it."""


def job_request(
    key: AttemptKey, spec: ExperimentSpec, shape: PodShape, *, door: Door, placement: Placement
) -> JobRequest:
    """Return what the cluster is to run for an attempt."""
    if placement.memory_factor > 1:
        more = with_more_memory(shape.resources, placement.memory_factor)
        shape = shape.model_copy(update={"resources": more})
    command = spec.trial.command if spec.trial else None
    is_external = spec.trial is not None and spec.trial.external is True
    if is_external:  # how long it may be silent is agreed upon when it is asked for
        shape = shape.model_copy(update={"silenceSeconds": LONGEST_SILENCE_SECONDS})
    return JobRequest(
        name=key.job,
        key=key,
        command=tuple(command) if command else TRAINER_COMMAND,
        env=shape.env | {URL_VARIABLE: door.url},
        token=door.token,
        pod=shape,
        placement=placement,
        is_external=is_external,
    )


def shape_of(spec: ExperimentSpec, rung: str, defaults: PodShape) -> PodShape:
    """Return the Pod of a rung: the chart's defaults, over them the trial section, over it the rung's own."""
    if spec.trial is None:
        return defaults
    shape = laid_over(defaults, spec.trial)
    own = spec.trial.rungs.get(rung)
    return shape if own is None else laid_over(shape, own)


def accelerators_of(shape: PodShape) -> float:
    """Count the devices that a Pod holds."""
    return sum(devices_of(shape).values(), 0.0)


def devices_of(shape: PodShape) -> dict[str, float]:
    """Return how many devices of each kind a Pod holds: limits but the machine's own processor, memory and disk."""
    limits = shape.resources.limits if shape.resources else {}
    own = ("cpu", "memory", "ephemeral-storage")
    counts = {name: float(amount(found)) for name, found in limits.items()}
    return {name: n for name, n in counts.items() if n and name not in own and "hugepages-" not in name}


def with_more_memory(resources: Resources | None, factor: float) -> Resources | None:
    """Return the resources with request and limit of memory multiplied, where there are any."""
    if resources is None:
        return None

    def raised(amounts: Mapping[str, str]) -> dict[str, str]:
        return {name: times(found, factor) if name == "memory" else found for name, found in amounts.items()}

    return Resources(requests=raised(resources.requests), limits=raised(resources.limits))
