"""The folder into which a Trainer saves: one trial's alone, since a Trainer removes what lies there under its names.

Of several checkpoints the Hugging Face Trainer keeps the newest `save_total_limit`, by their times or by their steps,
and asks nobody whose they are. A file beside them says whose the folder is.
"""

import io
import tarfile
from pathlib import Path

from podium.leaving import Fault
from podium.wire import RunAssignment

OWNER = "podium-trial"
REMEDY = 'give each run a folder of its own: output_dir=f"out/{trial.number}-{trial.to_epoch}"'


def claim(folder: Path, assignment: RunAssignment) -> None:
    """Make the folder this trial's. Raises ValueError where it is another's, or holds checkpoints that are nobody's.

    A trial that comes again, resumed or promoted, finds its own.
    """
    us = f"trial {assignment.trial} of {assignment.experiment}"
    folder.mkdir(parents=True, exist_ok=True)
    strange = next(iter(sorted(path.name for path in folder.glob("checkpoint-*"))), None)
    if strange is not None and not (folder / OWNER).exists():
        raise ValueError(f"{folder} holds {strange}, which is not from {us}: its files would be mixed; {REMEDY}")
    try:
        with (folder / OWNER).open("x", encoding="utf-8") as file:
            file.write(us + "\n")
    except FileExistsError:
        owner = (folder / OWNER).read_text(encoding="utf-8").strip()
        if owner != us:
            raise ValueError(
                f"{folder} is that of {owner or 'another trial'}, and this is {us}: each would remove the other's "
                f"checkpoints; {REMEDY}"
            ) from None


def packed(folder: Path) -> bytes:
    """Return a checkpoint folder as one file. Raises Fault where it is gone, with what probably removed it."""
    if not folder.is_dir():
        others = sorted(path.name for path in folder.parent.glob("checkpoint-*"))
        cause = (
            f"; beside {', '.join(others)}, which another run left, save_total_limit removed it: {REMEDY}"
            if others
            else ""
        )
        raise Fault(f"{folder} is not there: the Trainer was to save it at the end of each epoch{cause}")
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.add(folder, folder.name)
    return content.getvalue()
