"""The folders in which trials keep their checkpoints and results: where they are, and their reading and removal.

Below a trial's folder lie its checkpoints, in it or in one folder for each stretch, `results` of its full training, and
`test`, those on the test part; beside the trials' folders lies `shared`.
"""

import fsspec

from controller.experiment import Ladder
from podium.results import FOLDERS, Part


def experiment_folder(root: str, experiment: str) -> str:
    """Return the URL of the folder of an experiment."""
    return f"{root}/{experiment}"


def trial_folder(root: str, experiment: str, number: int) -> str:
    """Return the URL of the folder that belongs to one trial's lineage."""
    return f"{experiment_folder(root, experiment)}/t{number}"


def shared_folder(root: str, experiment: str) -> str:
    """Return the URL of the folder of what is computed once for all trials of an experiment."""
    return f"{experiment_folder(root, experiment)}/shared"


def stretch_folder(trial_folder: str, first_epochs: int) -> str:
    """Return the URL of the folder of runs that go on from one another, and from no other run of their trial."""
    return f"{trial_folder}/e{first_epochs}"


def lineage_folder(trial_folder: str, ladder: Ladder, to_epochs: int) -> str:
    """Return the URL of the folder with the checkpoints that a run to this length goes on from and leaves."""
    if ladder.always_resumes:
        return trial_folder
    if not ladder.resumable:  # whatever rungs there were when the run began
        return stretch_folder(trial_folder, to_epochs)
    return stretch_folder(trial_folder, ladder.first_resumed_by(to_epochs).epochs)


def results_folder(trial_folder: str, part: Part = "validation") -> str:
    """Return the URL of the folder with the results of a trial's full training."""
    return f"{trial_folder}/{FOLDERS[part]}"


def read(url: str, limit_bytes: int) -> bytes:
    """Return a file's content. Raises FileNotFoundError, OverflowError beyond the limit, and the storage's errors."""
    filesystem, path = fsspec.core.url_to_fs(url)
    filesystem.invalidate_cache()  # object stores remember what was not there
    content: bytes = filesystem.cat_file(path, end=limit_bytes + 1)
    if len(content) > limit_bytes:
        raise OverflowError(f"{url} is larger than {limit_bytes} bytes")
    return content


def remove_checkpoints(trial_folder: str) -> None:
    """Remove everything that a trial has stored but its results. Raises as `remove` does."""
    filesystem, path = fsspec.core.url_to_fs(trial_folder)
    filesystem.invalidate_cache()  # object stores remember listings; workers have written since
    try:
        names = [found.rstrip("/").rsplit("/", 1)[-1] for found in filesystem.ls(path, detail=False)]
    except FileNotFoundError:
        return
    if not set(names) & set(FOLDERS.values()):
        remove(trial_folder)
        return
    for name in names:
        if name not in FOLDERS.values():
            remove(f"{trial_folder}/{name}")


def remove(url: str) -> None:
    """Remove a folder and everything in it. One that does not exist is no error.

    Raises whatever the storage raises, be it OSError or an error of its own: fsspec translates not all of them.
    """
    filesystem, path = fsspec.core.url_to_fs(url)
    filesystem.invalidate_cache()  # object stores remember listings; workers have written since
    try:
        filesystem.rm(path, recursive=True)
    except FileNotFoundError:
        return
