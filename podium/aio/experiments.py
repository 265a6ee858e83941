"""All experiments of a controller, as `client.experiments`."""

from collections.abc import AsyncIterator

from podium.aio.endpoints import AsyncPodiumClient
from podium.aio.experiment import AsyncExperiment
from podium.spec import Limits
from podium.spec_source import SpecSource, spec_from
from podium.taxonomy import ExperimentState
from podium.wire import Experiment as Record

Several = list[AsyncExperiment]  # within the class, `list` is a method


class AsyncExperiments:
    """Every method raises PodiumError, and takes an experiment's id, or its name if no other has it."""

    def __init__(self, client: AsyncPodiumClient) -> None:
        self._client = client

    async def create(
        self, spec: SpecSource, *, idempotency_key: str | None = None, project: str | None = None
    ) -> AsyncExperiment:
        """Create an experiment from a spec, a mapping, a file's path, or YAML or JSON of several lines.

        It is made once, however often the request has to be sent; with an `idempotency_key` of your own, once however
        often you call. Raises podium.faults.SpecRejected, or SpecRefused, with every fault of the spec.
        """
        record = await self._client.create(spec_from(spec), idempotency_key=idempotency_key, project=project)
        return AsyncExperiment(self._client, record)

    async def get(self, id_or_name: str) -> AsyncExperiment:
        """Return one experiment. Raises NotFound, AmbiguousName."""
        return AsyncExperiment(self._client, await self._client.find(id_or_name))

    async def list(
        self, *, state: ExperimentState | str | None = None, name: str | None = None, project: str | None = None
    ) -> Several:
        """Return the experiments, the newest first. Raises ValueError for a state that there is not."""
        return [AsyncExperiment(self._client, record) async for record in self(state=state, name=name, project=project)]

    async def wait(
        self, id_or_name: str, *, timeout: float | None = None, poll: float = 1.0, progress: bool = False
    ) -> AsyncExperiment:
        """Wait until an experiment is at rest; see `wait` of an experiment."""
        return await (await self.get(id_or_name)).wait(timeout=timeout, poll=poll, progress=progress)

    async def pause(self, id_or_name: str) -> AsyncExperiment:
        """Start nothing new; runs in flight finish."""
        return await (await self.get(id_or_name)).pause()

    async def resume(self, id_or_name: str) -> AsyncExperiment:
        return await (await self.get(id_or_name)).resume()

    async def stop(self, id_or_name: str) -> AsyncExperiment:
        """End an experiment for good; its results stay."""
        return await (await self.get(id_or_name)).stop()

    async def change(
        self, id_or_name: str, *, budget: Limits | None = None, parallelism: int | None = None
    ) -> AsyncExperiment:
        """Change what may change while an experiment lives."""
        return await (await self.get(id_or_name)).change(budget=budget, parallelism=parallelism)

    async def delete(self, id_or_name: str) -> None:
        """Delete an experiment and its results. Raises Conflict while it runs."""
        await self._client.delete(await self._client.find(id_or_name))

    def __call__(
        self, *, state: ExperimentState | str | None = None, name: str | None = None, project: str | None = None
    ) -> AsyncIterator[Record]:
        """Yield the experiments as the wire has them, page by page."""
        wanted = None if state is None else ExperimentState(state)
        return AsyncPodiumClient.experiments(self._client, state=wanted, name=name, project=project)

    async def __aiter__(self) -> AsyncIterator[AsyncExperiment]:
        async for record in self():
            yield AsyncExperiment(self._client, record)
