# Made from podium/aio/experiments.py by `make sdk`; change it there.
"""All experiments of a controller, as `client.experiments`."""

from collections.abc import Iterator

from podium.blocking.endpoints import PodiumClient
from podium.blocking.experiment import Experiment
from podium.spec import Limits
from podium.spec_source import SpecSource, spec_from
from podium.taxonomy import ExperimentState
from podium.wire import Experiment as Record

Several = list[Experiment]  # within the class, `list` is a method


class Experiments:
    """Every method raises PodiumError, and takes an experiment's id, or its name if no other has it."""

    def __init__(self, client: PodiumClient) -> None:
        self._client = client

    def create(self, spec: SpecSource, *, idempotency_key: str | None = None, project: str | None = None) -> Experiment:
        """Create an experiment from a spec, a mapping, a file's path, or YAML or JSON of several lines.

        It is made once, however often the request has to be sent; with an `idempotency_key` of your own, once however
        often you call. Raises podium.faults.SpecRejected, or SpecRefused, with every fault of the spec.
        """
        record = self._client.create(spec_from(spec), idempotency_key=idempotency_key, project=project)
        return Experiment(self._client, record)

    def get(self, id_or_name: str) -> Experiment:
        """Return one experiment. Raises NotFound, AmbiguousName."""
        return Experiment(self._client, self._client.find(id_or_name))

    def list(
        self, *, state: ExperimentState | str | None = None, name: str | None = None, project: str | None = None
    ) -> Several:
        """Return the experiments, the newest first. Raises ValueError for a state that there is not."""
        return [Experiment(self._client, record) for record in self(state=state, name=name, project=project)]

    def wait(
        self, id_or_name: str, *, timeout: float | None = None, poll: float = 1.0, progress: bool = False
    ) -> Experiment:
        """Wait until an experiment is at rest; see `wait` of an experiment."""
        return (self.get(id_or_name)).wait(timeout=timeout, poll=poll, progress=progress)

    def pause(self, id_or_name: str) -> Experiment:
        """Start nothing new; runs in flight finish."""
        return (self.get(id_or_name)).pause()

    def resume(self, id_or_name: str) -> Experiment:
        return (self.get(id_or_name)).resume()

    def stop(self, id_or_name: str) -> Experiment:
        """End an experiment for good; its results stay."""
        return (self.get(id_or_name)).stop()

    def change(self, id_or_name: str, *, budget: Limits | None = None, parallelism: int | None = None) -> Experiment:
        """Change what may change while an experiment lives."""
        return (self.get(id_or_name)).change(budget=budget, parallelism=parallelism)

    def delete(self, id_or_name: str) -> None:
        """Delete an experiment and its results. Raises Conflict while it runs."""
        self._client.delete(self._client.find(id_or_name))

    def __call__(
        self, *, state: ExperimentState | str | None = None, name: str | None = None, project: str | None = None
    ) -> Iterator[Record]:
        """Yield the experiments as the wire has them, page by page."""
        wanted = None if state is None else ExperimentState(state)
        return PodiumClient.experiments(self._client, state=wanted, name=name, project=project)

    def __iter__(self) -> Iterator[Experiment]:
        for record in self():
            yield Experiment(self._client, record)
