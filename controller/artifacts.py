"""The folders in which trials keep their checkpoints: where they are, and their removal."""

import fsspec


def experiment_folder(root: str, experiment: str) -> str:
    """Return the URL of the folder of an experiment."""
    return f"{root}/{experiment}"


def trial_folder(root: str, experiment: str, number: int) -> str:
    """Return the URL of the folder that belongs to one trial's lineage."""
    return f"{experiment_folder(root, experiment)}/t{number}"


def stretch_folder(trial_folder: str, first_epochs: int) -> str:
    """Return the URL of the folder of runs that go on from one another, and from no other run of their trial."""
    return f"{trial_folder}/e{first_epochs}"


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
