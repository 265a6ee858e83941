"""A report costs little, and is stored once whatever comes at the same time."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import event

from tests.service import Service

BASELINE = {"learning_rate": 0.1, "batch_size": 64, "nesterov": False}


def test_a_report_takes_two_statements(service: Service) -> None:
    service.create(baseline=BASELINE, parallelism=1)
    service.settle()
    [job] = service.active()
    service.report(job, 1)  # the first one also learns how long an epoch takes
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        statements.append(statement)

    event.listen(service.engine, "before_cursor_execute", note)
    try:
        assert service.report(job, 2).status_code == 200
    finally:
        event.remove(service.engine, "before_cursor_execute", note)
    assert len(statements) == 2, statements


def test_one_report_sent_ten_times_at_once_counts_once(service: Service) -> None:
    experiment_id = service.create(baseline=BASELINE, parallelism=1)
    service.settle()
    [job] = service.active()
    for epoch in range(1, 5):
        with ThreadPoolExecutor(max_workers=10) as senders:
            answers = list(senders.map(lambda _, sent=epoch: service.report(job, sent, value=0.1 * sent), range(10)))
        assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"verdict": "continue"})] * 10
    trial = service.read(f"{experiment_id}/trials/1")
    assert [each["epoch"] for each in trial["measurements"]] == [1, 2, 3, 4]
    assert (trial["state"], trial["reached_epoch"], trial["value"]) == ("completed", 4, 0.4)


def test_a_report_that_repeats_an_epoch_of_the_attempt_before_is_kept_beside_it(service: Service) -> None:
    experiment_id = service.create(baseline=BASELINE, parallelism=1)
    service.settle()
    [first] = service.active()
    for epoch in (1, 2):
        service.report(first, epoch, value=0.2)
    service.cluster.exit(first, 75)
    service.settle()
    [second] = service.active()
    assert service.report(first, 3).status_code == 409
    service.report(second, 2, value=0.3)
    trial = service.read(f"{experiment_id}/trials/1")
    assert [(each["epoch"], each["attempt"]) for each in trial["measurements"]] == [
        (1, first),
        (2, first),
        (2, second),
    ]
    assert trial["runs"][0]["reached_epoch"] == 2
    assert [each["last_epoch"] for each in trial["runs"][0]["attempts"]] == [2, 2]
