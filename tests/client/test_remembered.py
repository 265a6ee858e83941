"""Who polls sends what he knows, and takes 304 for it; whatever differs is read."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from podium.client import PodiumClient, UnexpectedAnswer
from podium.remembered import Remembered
from podium.wire import Page, Run
from tests.cli.stand_in import a_run, an_experiment
from tests.client.answering import Handler, Use, Waits, asynchronous, blocking
from tests.service import Service

Ask = Callable[[Handler, Use, Waits], Any]


@pytest.fixture(params=[blocking, asynchronous], ids=["blocking", "asynchronous"])
def ask(request: pytest.FixtureRequest) -> Ask:
    kind: Ask = request.param
    return kind


class Lists:
    """Answers pages of runs as the controller does, and 304 to who has a page."""

    def __init__(self, *pages: list[Run]) -> None:
        self.pages = list(pages)
        self.statuses: list[int] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        number = int(request.url.params.get("cursor", "0"))
        runs = self.pages[number]
        page: Page[Run] = Page(items=runs, next_cursor=str(number + 1) if number + 1 < len(self.pages) else None)
        tag = f'W/"{hash(page.model_dump_json())}"'
        status = 304 if request.headers.get("If-None-Match") == tag else 200
        self.statuses.append(status)
        content = b"" if status == 304 else page.model_dump_json().encode()
        return httpx2.Response(status, content=content, headers={"ETag": tag})


def test_only_the_page_that_has_changed_is_sent_again(ask: Ask) -> None:
    lists, known = Lists([a_run(1), a_run(2)], [a_run(3)]), Remembered()
    first = ask(lists, lambda client: client.runs("digits-k3f9", known=known), Waits())
    same = ask(lists, lambda client: client.runs("digits-k3f9", known=known), Waits())
    lists.pages[1] = [a_run(3), a_run(4)]
    more = ask(lists, lambda client: client.runs("digits-k3f9", known=known), Waits())
    assert lists.statuses == [200, 200, 304, 304, 304, 200]
    assert same == first
    assert [run.number for run in more] == [1, 2, 3, 4]


def test_nothing_is_kept_unless_somebody_asks_for_it(ask: Ask) -> None:
    lists = Lists([a_run(1)])
    for _ in range(2):
        ask(lists, lambda client: client.runs("digits-k3f9"), Waits())
    assert lists.statuses == [200, 200]


def test_an_answer_without_a_tag_is_read_each_time(ask: Ask) -> None:
    states, known = ["one", "two"], Remembered()

    def handle(request: httpx2.Request) -> httpx2.Response:
        assert "If-None-Match" not in request.headers
        return httpx2.Response(200, content=an_experiment(message=states.pop(0)).model_dump_json(exclude_unset=True))

    told = [ask(handle, lambda client: client.experiment("digits-k3f9", known=known), Waits()) for _ in range(2)]
    assert [each.message for each in told] == ["one", "two"]


def test_a_304_that_nobody_asked_for_is_no_answer(ask: Ask) -> None:
    with pytest.raises(UnexpectedAnswer, match="304"):
        ask(lambda _: httpx2.Response(304), lambda client: client.experiment("digits-k3f9"), Waits())


def test_a_real_controller_is_followed_with_304s_and_no_report_is_missed(service: Service) -> None:
    experiment_id = service.create(parallelism=1)
    service.settle()
    statuses: list[int] = []

    def through(request: httpx2.Request) -> httpx2.Response:
        answer = service.http.request(request.method, str(request.url), headers=request.headers)
        statuses.append(answer.status_code)
        return httpx2.Response(answer.status_code, content=answer.content, headers=answer.headers)

    known = Remembered()
    job = service.active()[0]
    steps: list[Callable[[], object]] = [
        lambda: None,
        lambda: service.progress(job, 1, 0.25),
        lambda: service.progress(job, 1, 0.5),
        lambda: service.report(job, 1),
    ]
    seen: list[tuple[int | None, float | None]] = []
    with PodiumClient("http://testserver", transport=httpx2.MockTransport(through)) as client:
        for step in steps:
            step()
            for _ in range(2):
                (run,) = client.runs(experiment_id, known=known)
                (attempt,) = run.attempts
                seen.append((attempt.last_epoch, attempt.under_way.share if attempt.under_way else None))
    assert seen[::2] == seen[1::2] == [(None, None), (None, 0.25), (None, 0.5), (1, None)]
    assert statuses == [200, 304] * len(steps)
