"""An experiment's record for the figures of one page: read once, and again when it may have changed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from controller import store
from controller.database import Sessions, transaction
from controller.drawing import Bound, Latest
from controller.errors import Busy
from controller.principal import Asking, attach
from controller.read_record import read_record
from podium.spec import ExperimentSpec
from podium.taxonomy import ExperimentState

FRESH = timedelta(seconds=5)
"""So old may a record be: a page's figures are drawn from one, and a page that asks often costs no more reading."""
SHARE = 0.05
"""Of the time, that may go into reading one experiment's record: what takes long is read less often."""
MOST_RECORDS = 4
"""Of 10,000 trials each, that have room at once."""
MOST_BYTES = MOST_RECORDS * 8 * 2**20
"""Of all that are kept, as they are sent. One of 10,000 trials has 7 MB, one of 1,000 a tenth."""
MOST_READINGS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A record that was read."""

    spec: ExperimentSpec
    bound: Bound
    document: object
    state: ExperimentState
    read_at: datetime
    took: timedelta

    def is_fresh(self, now: datetime) -> bool:
        return now - self.read_at < max(FRESH, self.took / SHARE)


@dataclass(frozen=True, kw_only=True)
class Album:
    """The records that were read last. One thread at a time looks into it."""

    sessions: Sessions
    clock: Callable[[], datetime]
    most_bytes: int = MOST_BYTES
    _pages: Latest[str, Page] = field(init=False)
    _readings: Latest[str, datetime] = field(default_factory=lambda: Latest(MOST_READINGS), init=False)
    """Until when an experiment is not to be read again, once its record had to make room: else those that make room for
    one another would be read without end."""

    def __post_init__(self) -> None:
        pages: Latest[str, Page] = Latest(self.most_bytes, weigh=lambda page: len(page.bound.content))
        object.__setattr__(self, "_pages", pages)

    def open(self, experiment_id: str, asking: Asking | None, *, at_once: bool = False) -> Page:
        """Return an experiment's record as of a few seconds ago; it knows of every change by a user.

        Raises ExperimentNotFound, also for one of a project that `asking` does not see, and Busy where it takes so long
        to read that it has to wait; not `at_once`, for a file that somebody asks for and waits for once.
        """
        with transaction(self.sessions) as session:
            attach(session, asking)
            row, now = store.experiment(session, experiment_id), self.clock()
            page = self._pages.get(experiment_id)
            is_same = page is not None and (page.document, page.state) == (row.spec, row.state)
            if page is not None and is_same and page.is_fresh(now):
                return page
            if not at_once and page is None and now < (self._readings.get(experiment_id) or now):
                raise Busy(
                    f"too many large experiments are looked at; figures of {experiment_id!r} come in some seconds"
                )
            document, state = row.spec, row.state
            record = read_record(session, experiment_id, now)
        page = Page(
            spec=record.spec,
            bound=Bound.of(record),
            document=document,
            state=state,
            read_at=now,
            took=self.clock() - now,
        )
        self._readings.put(experiment_id, now + page.took / SHARE)
        return self._pages.put(experiment_id, page)
