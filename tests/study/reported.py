"""A search that ends, and the report of it, asked of the real application and database."""

from typing import Any

from podium import whole_file
from podium.results import PREDICTIONS, SUMMARY
from podium.study import StudyReport
from tests.results import a_summary
from tests.service import API, BASELINE, Service
from tests.study.arms import PNG

TRAINED: dict[str, Any] = {
    "trial": None,
    "training": {"dataset": "digits"},
    "fidelity": {"rungs": {"small": 1, "full": 4}},
    "baseline": BASELINE,
    "parallelism": 1,
    "budget": {"runs": 4},
}
SCRIPT: dict[str, Any] = {"baseline": BASELINE, "parallelism": 1, "budget": {"runs": 3}}


def ask(service: Service, *experiments: str, **params: Any) -> Any:
    asked = [("experiment", each) for each in experiments] + list(params.items())
    return service.http.get(f"{API}/reports", params=asked)


def report(service: Service, *experiments: str, **params: Any) -> StudyReport:
    answer = ask(service, *experiments, **params)
    assert answer.status_code == 200, answer.text
    return StudyReport.model_validate_json(answer.content)


def search(service: Service, experiment_id: str, *, baseline: float = 0.5, others: float = 0.6) -> None:
    """Let all runs of an experiment end, each epoch in 360 s, and each full one with its results."""
    while True:
        service.settle()
        active = [job for job in service.active() if job.startswith(experiment_id)]
        if not active:
            return
        for job in active:
            given = service.assignment(job)
            value = baseline if given["trial"] == 1 else others + given["trial"] / 1000
            for epoch in range(given["from_epoch"] + 1, given["to_epoch"] + 1):
                service.clock.advance(360)
                assert service.report(job, epoch, value, val_accuracy_stderr=0.01).status_code == 200
            service.cluster.exit(job, 0)
            if results := given.get("results"):
                leave_results(results, right=value)


def leave_results(folder: str, *, right: float) -> None:
    whole_file.write(f"{folder}/{PREDICTIONS}", b"PAR1")
    whole_file.write(f"{folder}/mistakes/00.png", PNG)
    whole_file.write(f"{folder}/{SUMMARY}", a_summary(top1=right).model_dump_json().encode())
