"""An experiment's record for the figures of one page: read once, and again when it may have changed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from controller import store
from controller.database import Sessions, transaction
from controller.drawing import Bound, Latest
from controller.read_record import read_record
from podium.spec import ExperimentSpec
from podium.taxonomy import ExperimentState

FRESH = timedelta(seconds=5)
"""So old may a record be: a page's figures are drawn from one, and a page that asks often costs no more reading."""
SHARE = 0.05
"""Of the time, that may go into reading one experiment's record: what takes long is read less often."""
MOST_RECORDS = 4


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
    _pages: Latest[str, Page] = field(default_factory=lambda: Latest(MOST_RECORDS), init=False)

    def open(self, experiment_id: str) -> Page:
        """Return an experiment's record as of a few seconds ago; it knows of every change by a user.

        Raises ExperimentNotFound.
        """
        with transaction(self.sessions) as session:
            row, now = store.experiment(session, experiment_id), self.clock()
            page = self._pages.get(experiment_id)
            is_same = page is not None and (page.document, page.state) == (row.spec, row.state)
            if page is not None and is_same and page.is_fresh(now):
                return page
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
        return self._pages.put(experiment_id, page)
