"""What a client asks about studies."""

from collections.abc import Sequence
from urllib.parse import urlencode

from podium.aio.connection import AsyncConnection
from podium.study import ReportFormat, StudyReport


class AsyncStudyMethods(AsyncConnection):
    """Every method raises PodiumError."""

    async def report(
        self, experiments: Sequence[str], *, reference: str | None = None, price_per_hour: float | None = None
    ) -> StudyReport:
        """Return the study report of these experiments, the arms, by their ids.

        Points are counted from the baseline of `reference`, or of the first. `price_per_hour` is that of slots without
        a price of their own.
        """
        return self._read(await self._get(_path(experiments, "json", reference, price_per_hour)), StudyReport)

    async def report_file(
        self,
        experiments: Sequence[str],
        file_format: ReportFormat = "html",
        *,
        reference: str | None = None,
        price_per_hour: float | None = None,
    ) -> bytes:
        """Return the same report as a file. That of HTML has figures and pictures in it, and needs no network."""
        return (await self._get(_path(experiments, file_format, reference, price_per_hour))).content


def _path(
    experiments: Sequence[str], file_format: ReportFormat, reference: str | None, price_per_hour: float | None
) -> str:
    asked = [("experiment", each) for each in experiments] + [("format", file_format)]
    if reference is not None:
        asked.append(("reference", reference))
    if price_per_hour is not None:
        asked.append(("price_per_hour", repr(price_per_hour)))
    return f"/reports?{urlencode(asked)}"
