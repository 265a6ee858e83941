"""One experiment, as last read, with what can be asked of it and done to it."""

from datetime import datetime
from typing import TYPE_CHECKING, Literal, Self

from podium.aio.endpoints import AsyncPodiumClient
from podium.aio.following import POLL_SECONDS, AsyncClock, snapshots
from podium.aio.gallery import AsyncGallery
from podium.aio.trials import AsyncTrials
from podium.card import card_html, card_line
from podium.display import Display
from podium.refusal import StillRunning
from podium.snapshot import has_ended, is_at_rest
from podium.spec import ExperimentSpec, Limits
from podium.study import ReportFormat, StudyReport
from podium.tables import TABLES, measurement_rows, table_of, trial_rows
from podium.taxonomy import ExperimentState
from podium.wire import Experiment as Record
from podium.wire import ExperimentChange, Progress, Run, Trial

if TYPE_CHECKING:
    from pandas import DataFrame


class AsyncExperiment:
    """An experiment. What is an attribute was true when `record` was last read: `refresh` reads it anew.

    Every method raises PodiumError.
    """

    def __init__(self, client: AsyncPodiumClient, record: Record) -> None:
        self._client = client
        self.record = record
        """As the wire has it."""

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def state(self) -> ExperimentState:
        return self.record.state

    @property
    def has_ended(self) -> bool:
        return has_ended(self.record)

    @property
    def message(self) -> str:
        """One sentence: what it is doing, or why it does not."""
        return self.record.message

    @property
    def spec(self) -> ExperimentSpec:
        return self.record.spec

    @property
    def progress(self) -> Progress:
        return self.record.progress

    @property
    def created_at(self) -> datetime:
        return self.record.created_at

    @property
    def ended_at(self) -> datetime | None:
        return self.record.ended_at

    @property
    def trials(self) -> AsyncTrials:
        """Its trials: iterate over them, or `get` one by its number."""
        return AsyncTrials(self._client, self.id)

    @property
    def figures(self) -> AsyncGallery:
        """Its figures by their names, for a notebook. Raises ImportError without plotly."""
        return AsyncGallery(self._client, self.id)

    async def refresh(self) -> Self:
        self.record = await self._client.experiment(self.id)
        return self

    async def wait(self, *, timeout: float | None = None, poll: float = POLL_SECONDS, progress: bool = False) -> Self:
        """Wait until nothing more happens by itself: it has ended, or is paused and no run of it is in flight.

        `timeout` and `poll` are seconds. With `progress` it is shown meanwhile, on a terminal or in a notebook. A
        controller that is away for less than ten minutes is waited for. Raises StillRunning after `timeout`,
        or at the next look.
        """
        clock = AsyncClock(sleep=self._client.sleep)
        poll = poll if timeout is None else min(poll, timeout)
        began = clock.now()
        with Display.here() if progress else Display.none() as shown:
            async for moment in snapshots(self._client, self.id, clock=clock, poll_seconds=poll):
                self.record = moment.experiment
                shown.show(moment)
                waited = (moment.now - began).total_seconds()
                if timeout is not None and waited >= timeout and not is_at_rest(moment.experiment, moment.runs):
                    raise StillRunning(f"{self.id} is not at rest after {waited:.3g} s; it goes on: {self.message}")
        return self

    async def pause(self) -> Self:
        """Start nothing new; runs in flight finish."""
        self.record = await self._client.pause(self.id)
        return self

    async def resume(self) -> Self:
        self.record = await self._client.resume(self.id)
        return self

    async def stop(self) -> Self:
        """End it for good; its results stay."""
        self.record = await self._client.stop(self.id)
        return self

    async def change(self, *, budget: Limits | None = None, parallelism: int | None = None) -> Self:
        """Change what may change while it lives. What is left out stays."""
        given = {name: value for name, value in (("budget", budget), ("parallelism", parallelism)) if value is not None}
        self.record = await self._client.change(self.id, ExperimentChange.model_validate(given))
        return self

    async def delete(self) -> None:
        """Delete it and its results. Raises Conflict while it runs."""
        await self._client.delete(self.id)

    async def best(self) -> Trial:
        """Return the best trial that was trained in full. Raises NotFound before there is one."""
        return await self._client.best(self.id)

    async def front(self) -> list[Trial]:
        """Return the trials that none beats in every objective, the best by the first one first."""
        return await self._client.front(self.id)

    async def runs(self) -> list[Run]:
        return [run async for run in self._client.runs(self.id)]

    async def report(self) -> StudyReport:
        """Return what it gained over its baseline, what that took, and what is still wrong."""
        return await self._client.report([self.id])

    async def report_file(self, file_format: ReportFormat = "html") -> bytes:
        """Return the same as a file. That of HTML has figures and pictures in it, and needs no network."""
        return await self._client.report_file([self.id], file_format)

    async def to_pandas(self, table: Literal["trials", "measurements"] = "trials") -> "DataFrame":
        """Return its trials, a row each, or what each of their epochs measured, a row each.

        Parameters are columns by their names, metrics too. Raises ImportError without pandas, and
        ValueError for another table.
        """
        if table not in TABLES:
            raise ValueError(f"no table {table!r}; there are {', '.join(TABLES)}")
        if table == "trials":
            return table_of(trial_rows([trial async for trial in self._client.trials(self.id)]))
        return table_of(measurement_rows([trial async for trial in self._client.measurements(self.id)]))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {card_line(self.record)}>"

    def _repr_html_(self) -> str:
        return card_html(self.record)
