"""What exports ask of the API, beside everything else that a client may."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO

import httpx2

from podium.client import PodiumClient, ServerUnreachable, path_of
from podium.exchange import refusal
from podium.exporting.record import TrialRecord
from podium.wire import API_PREFIX, Page


class ExportClient(PodiumClient):
    """A client that also reads trials with all that they measured, and checkpoints."""

    def records(self, experiment_id: str) -> Iterator[TrialRecord]:
        """Yield an experiment's trials by their numbers, as they stand when their page is read."""
        return self._pages(path_of(experiment_id, "records"), Page[TrialRecord], {})

    def checkpoint(self, experiment_id: str, number: int, into: BinaryIO) -> None:
        """Write the checkpoint of a full training into a file, unchecked, a chunk at a time.

        Raises NotFound, with the reason, where there is none.
        """
        path = API_PREFIX + path_of(experiment_id, "trials", number, "checkpoint")
        try:
            with self._http.stream("GET", path) as response:
                if not response.is_success:
                    response.read()
                    raise refusal(response, datetime.now(UTC))
                for chunk in response.iter_bytes():
                    into.write(chunk)
        except httpx2.RequestError as error:
            why = str(error) or type(error).__name__
            raise ServerUnreachable(f"the checkpoint did not come whole from {self.url}: {why}; try again") from None
