"""What was read of an experiment, kept in a temporary file until it is written, however often.

A table needs its columns before its first row, and an experiment tells which metrics it has only row by row. So the
network is read once, into a file that vanishes with its process; memory holds one trial at a time.
"""

import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from types import TracebackType
from typing import Self

from podium.exporting.record import TrialRecord


class Spool:
    """Trials on disk, to be read again and again until the end of the `with` block."""

    def __init__(self, records: Iterable[TrialRecord]) -> None:
        self._file = tempfile.TemporaryFile(prefix="podium-export-")  # noqa: SIM115 - closed in __exit__
        self.metrics: list[str] = []
        """Names that trials carry, in the order in which they were first seen."""
        self.trials = self.measurements = 0
        self.newest: datetime | None = None
        """When the last thing happened that is in it."""
        seen: dict[str, None] = {}
        try:
            for record in records:
                self._file.write(record.model_dump_json().encode() + b"\n")
                seen.update(dict.fromkeys(record.trial.metrics or {}))
                self.trials += 1
                self.measurements += sum(len(run.measurements) for run in record.runs)
                self.newest = max([*_moments(record), *([self.newest] if self.newest else [])])
        except BaseException:
            self._file.close()
            raise
        self.metrics = list(seen)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[TrialRecord]:
        self._file.seek(0)
        for line in self._file:
            yield TrialRecord.model_validate_json(line)


def _moments(record: TrialRecord) -> Iterator[datetime]:
    yield record.trial.created_at
    for run in record.runs:
        yield run.ended_at or run.created_at
        yield from (told.created_at for told in run.measurements[-1:])
