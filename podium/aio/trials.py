"""The trials of one experiment, as `experiment.trials`."""

from collections.abc import AsyncIterator

from podium.aio.endpoints import AsyncPodiumClient
from podium.aio.following import AsyncClock
from podium.aio.output import outputs
from podium.printed import Output
from podium.results import PREDICTIONS, Part, Summary
from podium.wire import Trial, TrialDetail

Several = list[Trial]  # within the class, `list` is a method


class AsyncTrials:
    """Every method raises PodiumError. Each iteration asks anew."""

    def __init__(self, client: AsyncPodiumClient, experiment_id: str) -> None:
        self._client, self._experiment_id = client, experiment_id

    def __aiter__(self) -> AsyncIterator[Trial]:
        return self._client.trials(self._experiment_id)

    async def list(self) -> Several:
        return [trial async for trial in self]

    async def get(self, number: int) -> TrialDetail:
        """Return one trial with its runs and measurements. Raises NotFound."""
        return await self._client.trial(self._experiment_id, number)

    def follow(self, number: int) -> AsyncIterator[Output]:
        """Yield what a trial prints, some two seconds after it did, until no run of it is left.

        What its attempts printed before comes first, as far as it was kept. A controller that is away for less than
        ten minutes is waited for.
        """
        clock = AsyncClock(sleep=self._client.sleep)
        return outputs(self._client, self._experiment_id, number, clock=clock)

    async def stop(self, number: int) -> Trial:
        """Have a running trial stop at its next report; its result stays and it is not promoted."""
        return await self._client.stop_trial(self._experiment_id, number)

    async def results(self, number: int, *, part: Part = "validation") -> Summary:
        """Return the results of a full training in detail: by label, the confusion matrix, the worst mistakes."""
        return await self._client.results(self._experiment_id, number, part=part)

    async def predictions(self, number: int, *, part: Part = "validation") -> bytes:
        """Return what it predicted for each image: a Parquet file; `pandas.read_parquet(io.BytesIO(...))` reads it."""
        return await self._client.result_file(self._experiment_id, number, PREDICTIONS, part=part)
