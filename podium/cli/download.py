"""`podium best --download`: the best trial's model as a folder that needs nothing of Podium."""

import os
import tempfile
from pathlib import Path

from podium.address import find_address
from podium.checkpoints import Damaged
from podium.cli.terminal import BadInput, remarks
from podium.client import PodiumError
from podium.exporting.model_folder import FolderTaken, model_of, refuse_taken, write_folder
from podium.exporting.reading import ExportClient
from podium.exporting.weights import UnusableWeights
from podium.wire import Experiment, Trial

DOWNLOAD_SECONDS = 60.0


class NotDownloaded(PodiumError):
    """The model could not be had; the message says why."""


def download_model(url: str | None, experiment: Experiment, trial: Trial, folder: Path, *, force: bool) -> None:
    """Save a trial's model in a folder. Raises BadInput for a folder that is taken, and PodiumError."""
    folder = Path(os.path.abspath(folder))
    try:
        refuse_taken(folder, force=force)  # before hundreds of megabytes come for nothing
        address = find_address(url, None, os.environ)
        with (
            ExportClient(address.url, token=address.token, timeout_seconds=DOWNLOAD_SECONDS) as client,
            tempfile.TemporaryFile(prefix="podium-checkpoint-") as checkpoint,
        ):
            client.checkpoint(experiment.id, trial.number, checkpoint)
            model = model_of(experiment, trial, client.results(experiment.id, trial.number))
            checkpoint.seek(0)
            write_folder(folder, model, checkpoint, force=force)
    except FolderTaken as error:
        raise BadInput(str(error)) from None
    except Damaged as error:
        raise NotDownloaded(f"the checkpoint of trial {trial.number} did not come whole: {error}; try again") from None
    except UnusableWeights as error:
        raise NotDownloaded(f"the checkpoint of trial {trial.number} is not this trainer's: {error}") from None
    remarks().print(
        f"saved the model of trial {trial.number} in {folder}; try: python {folder / 'load.py'} PICTURE", soft_wrap=True
    )
