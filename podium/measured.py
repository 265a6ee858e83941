"""What an experiment's trials measured, many trials at a time."""

from podium.contract import Contract
from podium.wire import Measurement


class TrialMeasurements(Contract):
    """All epochs of a trial, as they stand at one moment."""

    number: int
    """The trial's."""
    measurements: list[Measurement]
    """By epoch; of one that was measured twice, by attempt."""
