"""Files on a disk that take their places together: all are written and flushed before the first is renamed.

What fails while they are written, or a full disk, leaves all of those before. Between two renames lies no work: only a
kill in that very moment leaves some old and some new.
"""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from podium.whole_file import PARTIAL, flush, flush_names

Beside = Callable[[Path], Path]
"""Where to write the file that is to be at a path."""


@contextmanager
def together() -> Iterator[Beside]:
    """Have files take their places at the end of the block, in the order in which they were named; none if it fails."""
    partials: dict[Path, Path] = {}

    def beside(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "a folder is where a file is to be", str(path))
        partials[path] = path.with_name(path.name + PARTIAL)
        return partials[path]

    try:
        yield beside
        for partial in partials.values():
            flush(partial)
        for path, partial in partials.items():
            os.replace(partial, path)
        for folder in {path.parent for path in partials}:
            flush_names(folder)
    finally:
        for partial in partials.values():
            partial.unlink(missing_ok=True)
