"""Reads what full trainings left in the artifact store, with words for everything amiss."""

from pydantic import ValidationError

from controller import artifacts
from controller.errors import ArtifactsAway, NoResults
from podium.results import SUMMARY, Summary

MOST_BYTES = 32 * 1024 * 1024
"""Of one file: four are read at once, into the memory of one process."""


def missing_summary(folder: str, number: int) -> str:
    """Say why a trial that was trained in full may have no summary."""
    return (
        f"trial {number} was trained in full, but there is no {folder}/{SUMMARY}: the storage refused it, as the "
        "worker's log tells, or a worker of an older version trained it"
    )


def summary_in(folder: str, missing: str) -> Summary:
    """Return the summary in a folder. Raises NoResults, with the reason if it is missing, and ArtifactsAway."""
    url = f"{folder}/{SUMMARY}"
    try:
        return Summary.model_validate_json(content_of(url, missing))
    except ValidationError:
        raise NoResults(f"{url} is damaged, or of another version of Podium than this controller") from None


def content_of(url: str, missing: str) -> bytes:
    """Return a file of the artifact store. Raises NoResults, with the reason if it is missing, and ArtifactsAway."""
    try:
        return artifacts.read(url, MOST_BYTES)
    except FileNotFoundError:
        raise NoResults(missing) from None
    except OverflowError as error:
        raise NoResults(f"{error}; read it there") from None
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise ArtifactsAway(f"{url} cannot be read ({why}); the API needs to reach the artifact store") from error
