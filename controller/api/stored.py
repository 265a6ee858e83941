"""What workers left in the artifact store, read for users. No name but of the two forms reaches the storage.

A storage may be slow, or hang: a request holds neither a database connection nor one of the common threads meanwhile.
"""

from collections.abc import Callable
from typing import TypeVar

from anyio import to_thread
from fastapi import Response
from pydantic import ValidationError

from controller import artifacts
from controller.api.collaborators import Collaborators
from controller.errors import ArtifactsAway, NoResults
from podium.results import PREDICTIONS, SUMMARY, Summary, is_file_of_results

MOST_BYTES = 32 * 1024 * 1024
"""Of one file: four are read at once, into the memory of one process."""
Answer = TypeVar("Answer")


async def read_summary(needed: Collaborators, folder: str, missing: str) -> Summary:
    """Return the summary in a folder. Raises NoResults, with the reason if it is missing, and ArtifactsAway."""
    return await _read(needed, lambda: _summary(folder, missing))


async def read_file(needed: Collaborators, folder: str, name: str) -> Response:
    """Answer with a file that lies beside a summary. Raises NoResults and ArtifactsAway."""
    missing = f"the results in {folder} have no file {name!r}; their summary names those there are"
    if not is_file_of_results(name):
        raise NoResults(missing)
    content = await _read(needed, lambda: _content(f"{folder}/{name}", missing))
    media_type = "application/vnd.apache.parquet" if name == PREDICTIONS else "image/png"
    return Response(content, media_type=media_type, headers={"X-Content-Type-Options": "nosniff"})


async def _read(needed: Collaborators, ask: Callable[[], Answer]) -> Answer:
    return await to_thread.run_sync(ask, limiter=needed.artifact_readers)


def _summary(folder: str, missing: str) -> Summary:
    url = f"{folder}/{SUMMARY}"
    try:
        return Summary.model_validate_json(_content(url, missing))
    except ValidationError:
        raise NoResults(f"{url} is damaged, or of another version of Podium than this controller") from None


def _content(url: str, missing: str) -> bytes:
    try:
        return artifacts.read(url, MOST_BYTES)
    except FileNotFoundError:
        raise NoResults(missing) from None
    except OverflowError as error:
        raise NoResults(f"{error}; read it there") from None
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise ArtifactsAway(f"{url} cannot be read ({why}); the API needs to reach the artifact store") from error
