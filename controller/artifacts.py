"""The folders in which trials keep their checkpoints, as the controller sees them: it only ever removes them."""

import fsspec
import structlog

log = structlog.get_logger()


def remove(url: str) -> None:
    """Remove a folder and everything in it. One that does not exist is no error; one that resists is logged."""
    try:
        filesystem, path = fsspec.core.url_to_fs(url)
        if filesystem.exists(path):
            filesystem.rm(path, recursive=True)
    except OSError as error:
        log.warning("checkpoints could not be removed; remove them by hand", url=url, error=str(error))
