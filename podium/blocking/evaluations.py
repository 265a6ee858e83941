# Made from podium/aio/evaluations.py by `make sdk`; change it there.
"""What a client asks about how a trial is judged on the test part."""

from typing import Any

from podium.blocking.connection import Connection
from podium.evaluation import Evaluation
from podium.exchange import Named, path_of
from podium.refusal import UnexpectedAnswer


class EvaluationMethods(Connection):
    """Every method raises PodiumError. The results of an evaluation: `results(..., part="test")`."""

    def evaluation(self, experiment_id: Named, number: int, *, test_data: str | None = None) -> Evaluation:
        """Return what an evaluation needs. Raises Conflict for a trial that cannot be judged."""
        path = path_of(experiment_id, "trials", number, "evaluation")
        return self._read(self._get(path, _given(test_data)), Evaluation)

    def evaluation_job(
        self, experiment_id: Named, number: int, *, test_data: str | None = None
    ) -> dict[str, Any]:  # Any: a document of Kubernetes
        """Return the Kubernetes Job that would do it. Raises Conflict, also where the controller knows no image."""
        response = self._get(path_of(experiment_id, "trials", number, "evaluation", "job"), _given(test_data))
        document = response.json()
        if not isinstance(document, dict):
            raise UnexpectedAnswer(f"{response.request.url} answered no Job")
        return document


def _given(test_data: str | None) -> dict[str, str]:
    return {} if test_data is None else {"test_data": test_data}
