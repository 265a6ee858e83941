# Made from podium/aio/trials.py by `make sdk`; change it there.
"""The trials of one experiment, as `experiment.trials`."""

from collections.abc import Iterator

from podium.blocking.endpoints import PodiumClient
from podium.blocking.following import Clock
from podium.blocking.output import outputs
from podium.printed import Output
from podium.results import PREDICTIONS, Part, Summary
from podium.wire import Trial, TrialDetail

Several = list[Trial]  # within the class, `list` is a method


class Trials:
    """Every method raises PodiumError. Each iteration asks anew."""

    def __init__(self, client: PodiumClient, experiment_id: str) -> None:
        self._client, self._experiment_id = client, experiment_id

    def __iter__(self) -> Iterator[Trial]:
        return self._client.trials(self._experiment_id)

    def list(self) -> Several:
        return [trial for trial in self]

    def get(self, number: int) -> TrialDetail:
        """Return one trial with its runs and measurements. Raises NotFound."""
        return self._client.trial(self._experiment_id, number)

    def follow(self, number: int) -> Iterator[Output]:
        """Yield what a trial prints, some two seconds after it did, until no run of it is left.

        What its attempts printed before comes first, as far as it was kept. A controller that is away for less than
        ten minutes is waited for.
        """
        clock = Clock(sleep=self._client.sleep)
        return outputs(self._client, self._experiment_id, number, clock=clock)

    def stop(self, number: int) -> Trial:
        """Have a running trial stop at its next report; its result stays and it is not promoted."""
        return self._client.stop_trial(self._experiment_id, number)

    def results(self, number: int, *, part: Part = "validation") -> Summary:
        """Return the results of a full training in detail: by label, the confusion matrix, the worst mistakes."""
        return self._client.results(self._experiment_id, number, part=part)

    def predictions(self, number: int, *, part: Part = "validation") -> bytes:
        """Return what it predicted for each image: a Parquet file; `pandas.read_parquet(io.BytesIO(...))` reads it."""
        return self._client.result_file(self._experiment_id, number, PREDICTIONS, part=part)
