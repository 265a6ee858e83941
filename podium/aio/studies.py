"""What a client asks about studies."""

from collections.abc import Sequence
from urllib.parse import urlencode

import httpx2
from tenacity import AsyncRetrying, retry_if_exception, stop_before_delay

from podium.aio.connection import AsyncConnection
from podium.exchange import wait_seconds
from podium.refusal import Unavailable
from podium.study import ReportFormat, StudyReport

REPORT_SECONDS = 120.0
"""A report of many trials takes longer than any other answer, and the controller makes few at a time."""


class AsyncStudyMethods(AsyncConnection):
    """Every method raises PodiumError."""

    async def report(
        self, experiments: Sequence[str], *, reference: str | None = None, price_per_hour: float | None = None
    ) -> StudyReport:
        """Return the study report of these experiments, the arms, by their ids.

        Points are counted from the baseline of `reference`, or of the first. `price_per_hour` is that of slots without
        a price of their own. Waits for up to two minutes where the controller has others to make.
        """
        return self._read(await self._made(_path(experiments, "json", reference, price_per_hour)), StudyReport)

    async def report_file(
        self,
        experiments: Sequence[str],
        file_format: ReportFormat = "html",
        *,
        reference: str | None = None,
        price_per_hour: float | None = None,
    ) -> bytes:
        """Return the same report as a file. That of HTML has figures and pictures in it, and needs no network."""
        return (await self._made(_path(experiments, file_format, reference, price_per_hour))).content

    async def _made(self, path: str) -> httpx2.Response:
        retrying = AsyncRetrying(
            retry=retry_if_exception(_has_others_to_make),
            wait=wait_seconds,
            stop=stop_before_delay(REPORT_SECONDS),
            sleep=self.sleep,
            reraise=True,
        )
        return await retrying(self._get, path, timeout_seconds=max(REPORT_SECONDS, self._timeout_seconds))


def _has_others_to_make(error: BaseException) -> bool:
    return isinstance(error, Unavailable) and error.problem.error == "Busy"


def _path(
    experiments: Sequence[str], file_format: ReportFormat, reference: str | None, price_per_hour: float | None
) -> str:
    asked = [("experiment", each) for each in experiments] + [("format", file_format)]
    if reference is not None:
        asked.append(("reference", reference))
    if price_per_hour is not None:
        asked.append(("price_per_hour", repr(price_per_hour)))
    return f"/reports?{urlencode(asked)}"
