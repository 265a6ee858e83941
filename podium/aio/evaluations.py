"""What a client asks about how a trial is judged on the test part."""

from typing import Any

from podium.aio.connection import AsyncConnection
from podium.evaluation import Evaluation
from podium.exchange import Named, path_of
from podium.refusal import UnexpectedAnswer


class AsyncEvaluationMethods(AsyncConnection):
    """Every method raises PodiumError. The results of an evaluation: `results(..., part="test")`."""

    async def evaluation(self, experiment_id: Named, number: int, *, test_data: str | None = None) -> Evaluation:
        """Return what an evaluation needs. Raises Conflict for a trial that cannot be judged."""
        path = path_of(experiment_id, "trials", number, "evaluation")
        return self._read(await self._get(path, _given(test_data)), Evaluation)

    async def evaluation_job(
        self, experiment_id: Named, number: int, *, test_data: str | None = None
    ) -> dict[str, Any]:  # Any: a document of Kubernetes
        """Return the Kubernetes Job that would do it. Raises Conflict, also where the controller knows no image."""
        response = await self._get(path_of(experiment_id, "trials", number, "evaluation", "job"), _given(test_data))
        document = response.json()
        if not isinstance(document, dict):
            raise UnexpectedAnswer(f"{response.request.url} answered no Job")
        return document


def _given(test_data: str | None) -> dict[str, str]:
    return {} if test_data is None else {"test_data": test_data}
