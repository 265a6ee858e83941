"""Files on a disk that take their places together: all are written and flushed before the first is renamed.

What fails while they are written, or a full disk, leaves all of those before. Between two renames lies no work: only a
kill in that very moment leaves some old and some new. Two that write the same at once do not meet: each writes in a
folder of its own beside, and the later one stays.
"""

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from podium.whole_file import PARTIAL, flush, flush_names

APART = ".podium-"
"""Before the name of a folder in which files are written, or were when their writer was killed."""
Beside = Callable[[Path], Path]
"""Where to write the file that is to be at a path."""


@contextmanager
def together() -> Iterator[Beside]:
    """Have files take their places at the end of the block, in the order in which they were named; none if it fails."""
    partials: dict[Path, Path] = {}
    apart: dict[Path, Path] = {}
    with ExitStack() as removed:

        def beside(path: Path) -> Path:
            folder = path.parent
            folder.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, "a folder is where a file is to be", str(path))
            if folder not in apart:  # a file made by tempfile would be its owner's alone, also in its place
                made = tempfile.TemporaryDirectory(prefix=APART, dir=folder, ignore_cleanup_errors=True)
                apart[folder] = Path(removed.enter_context(made))
            partials[path] = apart[folder] / (path.name + PARTIAL)
            return partials[path]

        yield beside
        for partial in partials.values():
            flush(partial)
        for path, partial in partials.items():
            os.replace(partial, path)
        for folder in apart:
            flush_names(folder)
