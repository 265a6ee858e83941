# Made from podium/aio/endpoints.py by `make sdk`; change it there.
"""A method for each request of the API: wire models come out, and errors that say what the server said."""

from collections.abc import Iterator
from uuid import uuid4

from podium.blocking.access import TokenMethods
from podium.blocking.asks import AskMethods
from podium.blocking.diagnosis import DiagnosisMethods
from podium.blocking.evaluations import EvaluationMethods
from podium.blocking.figures import FigureMethods
from podium.blocking.studies import StudyMethods
from podium.blocking.webhooks import WebhookMethods
from podium.exchange import NO_EXPERIMENT, Named, created_in, no_experiment, path_of
from podium.measured import TrialMeasurements
from podium.refusal import AmbiguousName, NotFound
from podium.remembered import Remembered
from podium.results import FOLDERS, Part, Summary
from podium.spec import ExperimentSpec
from podium.taxonomy import ExperimentState
from podium.wire import API_PREFIX, Attempt, Experiment, ExperimentChange, Front, Page, Run, Trial, TrialDetail


class PodiumClient(
    StudyMethods,
    FigureMethods,
    EvaluationMethods,
    WebhookMethods,
    AskMethods,
    TokenMethods,
    DiagnosisMethods,
):
    """The requests of one controller, whose address is given. Every method raises PodiumError.

    with PodiumClient("http://127.0.0.1:8080") as client:
        experiment = client.create(parse_spec(read_document(text)))
        best = client.best(experiment.id)

    An experiment is named by its id, or by what has one; only `find` takes a name.
    """

    def create(
        self, spec: ExperimentSpec, *, idempotency_key: str | None = None, project: str | None = None
    ) -> Experiment:
        """Create an experiment, once however often the request is sent.

        With a key of your own, a repeated call answers with the experiment that the first one made. It belongs to the
        project named, else to the only one that the token opens, else to `default`.
        """
        # What the user left out stays out: the controller fills in its own defaults, which may be newer.
        request = self._json("POST", created_in(project), spec.model_dump_json(exclude_unset=True))
        request.headers["Idempotency-Key"] = idempotency_key or uuid4().hex
        return self._read(self._repeat(request), Experiment)

    def experiments(
        self, *, state: ExperimentState | None = None, name: str | None = None, project: str | None = None
    ) -> Iterator[Experiment]:
        given = {"state": state, "name": name, "project": project}
        return self._pages("/experiments", Page[Experiment], {key: value for key, value in given.items() if value})

    def experiment(self, experiment_id: Named, *, known: Remembered | None = None) -> Experiment:
        """Return an experiment; with what is `known` of earlier questions, it is sent only if it has changed since."""
        return self._again(path_of(experiment_id), Experiment, known=known)

    def find(self, id_or_name: str) -> Experiment:
        """Return the experiment with this id, else the only one with this name. Raises NotFound, AmbiguousName."""
        if not id_or_name:
            raise no_experiment(id_or_name)
        try:
            return self.experiment(id_or_name)
        except NotFound as error:
            missing = error if error.problem.error == NO_EXPERIMENT else no_experiment(id_or_name)
            listed = PodiumClient.experiments(self, name=id_or_name)
            named = [found for found in listed if found.name == id_or_name]
            if not named:
                raise missing from None
        if len(named) > 1:
            ids = ", ".join(experiment.id for experiment in named)
            raise AmbiguousName(f"{len(named)} experiments are named {id_or_name}; name one by its id: {ids}")
        return named[0]

    def change(self, experiment_id: Named, change: ExperimentChange) -> Experiment:
        request = self._json("PATCH", path_of(experiment_id), change.model_dump_json(exclude_unset=True))
        return self._read(self._send(request), Experiment)

    def pause(self, experiment_id: Named) -> Experiment:
        """Start nothing new; runs in flight finish."""
        return self._read(self._post(path_of(experiment_id, "pause")), Experiment)

    def resume(self, experiment_id: Named) -> Experiment:
        return self._read(self._post(path_of(experiment_id, "resume")), Experiment)

    def stop(self, experiment_id: Named) -> Experiment:
        """End the experiment for good; its results stay."""
        return self._read(self._post(path_of(experiment_id, "stop")), Experiment)

    def delete(self, experiment_id: Named) -> None:
        """Delete an experiment and its results. Raises Conflict while it runs."""
        self._send(self._http.build_request("DELETE", API_PREFIX + path_of(experiment_id)))

    def trials(self, experiment_id: Named) -> Iterator[Trial]:
        return self._pages(path_of(experiment_id, "trials"), Page[Trial], {})

    def trial(self, experiment_id: Named, number: int, *, live: bool = False) -> TrialDetail:
        """Return one trial with its runs and measurements. Raises NotFound.

        With `live` the controller has what running attempts print read, for the next answers: `log_tail` is then
        about two seconds old, for as long as this is asked every few seconds.
        """
        params = {"live": "true"} if live else None
        return self._read(self._get(path_of(experiment_id, "trials", number), params), TrialDetail)

    def measurements(self, experiment_id: Named) -> Iterator[TrialMeasurements]:
        """Yield each trial's number with what its epochs measured, a few requests for hundreds of trials."""
        return self._pages(path_of(experiment_id, "measurements"), Page[TrialMeasurements], {"limit": "200"})

    def results(self, experiment_id: Named, number: int, *, part: Part = "validation") -> Summary:
        """Return the results of a full training in detail. Raises NotFound where there are none."""
        return self._read(self._get(path_of(experiment_id, "trials", number, FOLDERS[part])), Summary)

    def result_file(self, experiment_id: Named, number: int, name: str, *, part: Part = "validation") -> bytes:
        """Return a file beside the results: the predictions, a Parquet file, or the picture of a mistake."""
        return (self._get(path_of(experiment_id, "trials", number, FOLDERS[part], name))).content

    def stop_trial(self, experiment_id: Named, number: int) -> Trial:
        """Have a running trial stop at its next report; its result stays and it is not promoted.

        The answer is the trial as it is now, still running. Raises Conflict when it does not run.
        """
        return self._read(self._post(path_of(experiment_id, "trials", number, "stop")), Trial)

    def trials_csv(self, experiment_id: Named) -> str:
        return (self._get(path_of(experiment_id, "trials.csv"))).text

    def runs(self, experiment_id: Named, *, known: Remembered | None = None) -> Iterator[Run]:
        """Yield its runs; with what is `known` of earlier questions, only the pages that have changed are sent."""
        return self._pages(path_of(experiment_id, "runs"), Page[Run], {}, known=known)

    def attempts(self, experiment_id: Named) -> Iterator[Attempt]:
        return self._pages(path_of(experiment_id, "attempts"), Page[Attempt], {})

    def best(self, experiment_id: Named) -> Trial:
        """Return the best trial at full fidelity. Raises NotFound before there is one."""
        return self._read(self._get(path_of(experiment_id, "best")), Trial)

    def front(self, experiment_id: Named) -> list[Trial]:
        """Return the trials that none beats in every objective, the best by the first one first."""
        return self._read(self._get(path_of(experiment_id, "front")), Front).trials
