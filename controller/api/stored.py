"""What workers left in the artifact store, read for users. No name but of the two forms reaches the storage.

A storage may be slow, or hang: a request holds neither a database connection nor one of the common threads meanwhile.
"""

from collections.abc import Callable
from typing import TypeVar

from anyio import to_thread
from fastapi import Response

from controller.api.collaborators import Collaborators
from controller.errors import NoResults
from controller.left_results import content_of, summary_in
from podium.results import PREDICTIONS, Summary, is_file_of_results

Answer = TypeVar("Answer")


async def read_summary(needed: Collaborators, folder: str, missing: str) -> Summary:
    """Return the summary in a folder. Raises NoResults, with the reason if it is missing, and ArtifactsAway."""
    return await _read(needed, lambda: summary_in(folder, missing))


async def read_file(needed: Collaborators, folder: str, name: str) -> Response:
    """Answer with a file that lies beside a summary. Raises NoResults and ArtifactsAway."""
    missing = f"the results in {folder} have no file {name!r}; their summary names those there are"
    if not is_file_of_results(name):
        raise NoResults(missing)
    content = await _read(needed, lambda: content_of(f"{folder}/{name}", missing))
    media_type = "application/vnd.apache.parquet" if name == PREDICTIONS else "image/png"
    return Response(content, media_type=media_type, headers={"X-Content-Type-Options": "nosniff"})


async def _read(needed: Collaborators, ask: Callable[[], Answer]) -> Answer:
    return await to_thread.run_sync(ask, limiter=needed.artifact_readers)
