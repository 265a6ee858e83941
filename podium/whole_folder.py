"""A folder that takes another's place on a disk, without a moment in which both can be lost.

No call replaces a folder that holds something, so the one before goes aside first, and comes back if the new one does
not arrive. It never lies where something cleans up by itself.
"""

import os
import shutil
import tempfile
from pathlib import Path

from podium.whole_file import flush, flush_names


def put(new: Path, place: Path) -> None:
    """Rename a folder to `place`, on the same disk; what is there is removed once the new one is. Raises OSError.

    After an error what was there is there again. Should even that fail, the error says where it lies; after a kill
    between the two renames it lies beside, as `.NAME.before-…`.
    """
    _flush_all(new)
    if not place.exists():
        os.replace(new, place)
        flush_names(place.parent)
        return
    before = Path(tempfile.mkdtemp(prefix=f".{place.name}.before-", dir=place.parent))
    try:
        os.replace(place, before)
        os.replace(new, place)
    except BaseException:
        _put_back(before, place)
        raise
    flush_names(place.parent)
    shutil.rmtree(before, ignore_errors=True)


def _flush_all(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_symlink():
            continue
        if path.is_dir():
            flush_names(path)
        elif path.is_file():
            flush(path)
    flush_names(folder)


def _put_back(before: Path, place: Path) -> None:
    if place.exists():  # it was never moved, or somebody has put another there
        _remove_if_empty(before, place)
        return
    try:
        os.replace(before, place)
    except OSError as error:
        raise OSError(error.errno, f"what was there is kept in {before}: {error.strerror}", str(place)) from error


def _remove_if_empty(before: Path, place: Path) -> None:
    try:
        before.rmdir()
    except OSError as error:
        raise OSError(error.errno, f"what was there is kept in {before}: {error.strerror}", str(place)) from error
