"""A folder of images on disk, one sub-folder per label, as torchvision's ImageFolder reads it."""

from pathlib import Path

from worker.files import EXTENSIONS, Files, directory, images_below, written
from worker.images import UnusableData


def image_folder(root: str, *, keep_empty: bool, setting: str = "training.data") -> Files:
    """Return the images below a folder; its sub-folders in alphabetical order are the labels.

    Raises UnusableData; for a sub-folder without images too, unless they are kept as labels without images.
    """
    folders = _label_folders(directory(root, setting))
    found = [(folder, images_below(folder)) for folder in folders]
    for folder, paths in found:
        if not paths and not keep_empty:
            known = ", ".join(sorted(EXTENSIONS))
            raise UnusableData(
                f"{folder} holds no image ({known}); add some, remove the folder, or give `on_bad_image: skip`"
            )
    files = [(path, label) for label, (_, paths) in enumerate(found) for path in paths]
    return Files(Path(root), files, [written(folder.name) for folder in folders])


def _label_folders(root: Path) -> list[Path]:
    folders = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    if len(folders) < 2:
        raise UnusableData(f"{root} has {len(folders)} sub-folders; there must be one for each of at least 2 labels")
    return folders
