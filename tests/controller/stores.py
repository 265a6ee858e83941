"""Where checkpoints are kept under a service of the tests, and the collector that removes them."""

from dataclasses import replace

import fsspec

from controller import artifacts
from podium import checkpoints
from podium.checkpoints import Checkpoint
from podium.wire import MeasurementReport
from tests.service import Service


class Stores:
    """A service whose workers store checkpoints, and the collector that removes them."""

    def __init__(self, service: Service, url: str) -> None:
        self.service, self.url = service, url
        self.collector = replace(service.collector, artifacts_url=url)

    def folder(self, job: str) -> str:
        given = self.service.assignment(job)
        return artifacts.trial_folder(self.url, given["experiment"], given["trial"])

    def save(self, folder: str) -> None:
        report = MeasurementReport(epoch=1, metrics={"val_accuracy": 0.5}, seconds=1.0)
        checkpoints.save(folder, Checkpoint(report=report, data=b"weights"), attempt=1)

    def train(self, job: str, value: float, **metrics: float) -> None:
        self.save(self.folder(job))
        self.service.finish(job, value, **metrics)

    def kept(self, experiment_id: str) -> list[str]:
        filesystem, path = fsspec.core.url_to_fs(artifacts.experiment_folder(self.url, experiment_id))
        filesystem.invalidate_cache()
        return sorted({name.rsplit("/", 2)[-2] for name in filesystem.find(path)}) if filesystem.exists(path) else []

    def settle(self) -> None:
        self.service.settle()
        assert self.collector.sweep()


def trained_in_turn(stores: Stores, values: list[float], **changes: object) -> str:
    """Create an experiment, train its first trials in full one after the other, and return its id."""
    service = stores.service
    spec = {"fidelity": {"rungs": {"full": 1}}, "parallelism": 1, "budget": {"cost": 9.0}}
    experiment_id = service.create(**(spec | changes))
    for value in values:
        stores.settle()
        [job] = service.active()
        stores.train(job, value)
    stores.settle()
    return experiment_id
