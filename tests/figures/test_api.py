"""Figures over the API and in a notebook: drawn by a process of its own, from the rows of a real service."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from plotly.graph_objects import Figure
from sqlalchemy import Engine, event

import podium
from benchmarks.finished_trials import add_experiment, spec_of
from controller.album import FRESH
from controller.apart import Failed
from controller.database import transaction
from controller.drawing import Bound, Drawer
from controller.figures.record import Record
from controller.read_record import read_record
from podium.taxonomy import AttemptState, EndReason
from tests.cli.served import serving
from tests.dashboard.kept import SEARCHED, put_back
from tests.service import API, BASELINE, Service


def test_every_figure_is_served_and_shown_in_a_notebook(service: Service) -> None:
    experiment = service.create(baseline=BASELINE)
    for value in (0.5, 0.6, 0.55, 0.7, 0.65, 0.4):
        service.settle()
        service.finish(service.active()[0], value)
    with serving(service.app) as url:
        figures = podium.figures("tiny", url=url)
        assert list(figures)[:3] == ["history", "learning-curves", "parallel-coordinates"]
        drawn = dict(figures)
        assert len(drawn) == len(figures) == 12
        assert all(isinstance(figure, Figure) and figure.layout.title.text for figure in drawn.values())
        best = next(trace for trace in drawn["history"].data if trace.name == "best so far")
        assert best.y[0] == 0.5
        assert figures.view("contour", x="batch_size").layout.xaxis.title.text == "batch_size"
        with pytest.raises(KeyError, match="no figure 'histroy'; there are history, "):
            figures["histroy"]
        _a_figure_is_sent_again_only_when_something_has_changed(service, experiment)


def _a_figure_is_sent_again_only_when_something_has_changed(service: Service, experiment: str) -> None:
    path = f"{API}/experiments/{experiment}/figures/rung-flow"
    first = service.http.get(path)
    known = {"If-None-Match": first.headers["ETag"]}
    assert service.http.get(path, headers=known).status_code == 304
    service.settle()
    service.finish(service.active()[0], 0.9)
    service.clock.advance(FRESH.total_seconds())
    second = service.http.get(path, headers=known)
    assert second.status_code == 200
    assert second.json() != first.json()
    service.http.post(f"{API}/experiments/{experiment}/stop")
    assert service.read(f"{experiment}/figures/next")["layout"]["annotations"][0]["text"].endswith("is stopped.")


def test_a_figure_that_fails_is_refused_in_words(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise Failed("Traceback: /secret/path")

    monkeypatch.setattr(Drawer, "draw", fail)
    answer = service.http.get(f"{API}/experiments/{service.create()}/figures/history")
    assert (answer.status_code, answer.json()["error"]) == (500, "FigureFailed")
    assert answer.json()["detail"] == "the figure 'history' could not be drawn; the controller's log says why"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("nothing-here/figures", 404, "no experiment 'nothing-here'"),
        ("nothing-here/figures/history", 404, "no experiment 'nothing-here'"),
        ("{}/figures/pie", 404, "no figure 'pie'; there are history, learning-curves"),
        ("{}/figures/slice?objective=loss", 422, "no objective 'loss'; there are val_accuracy"),
        ("{}/figures/contour?x=depth", 422, "no parameter 'depth'; there are learning_rate, batch_size, nesterov"),
    ],
)
def test_what_is_not_there_is_refused_before_anything_is_drawn(
    service: Service, path: str, status: int, words: str
) -> None:
    answer = service.http.get(f"{API}/experiments/{path.format(service.create())}")
    assert answer.status_code == status
    assert words in answer.json()["detail"]


def test_while_nothing_happens_the_record_stays_the_same_for_a_minute(service: Service) -> None:
    experiment = service.create(baseline=BASELINE)
    service.settle()
    service.report(service.active()[0], 1, 0.3)
    first = Bound.of(read(service, experiment)).digest
    service.clock.advance(20)
    assert Bound.of(read(service, experiment)).digest == first
    service.clock.advance(60)
    later = read(service, experiment)
    assert Bound.of(later).digest != first
    assert later.now.second == 0
    service.report(service.active()[0], 2, 0.4)
    assert Bound.of(read(service, experiment)).digest != Bound.of(later).digest


def test_the_record_is_what_the_api_tells(service: Service) -> None:
    experiment = service.create(baseline=BASELINE, max_attempts=2)
    service.settle()
    first, _ = service.active()
    service.report(first, 1, 0.3)
    service.cluster.exit(first, 143)
    service.settle()
    for job in service.active():
        service.finish(job, 0.6)
    service.settle()
    service.cluster.exit(service.active()[0], 65, log="loss is NaN")
    service.settle()
    record = read(service, experiment)
    told, progress = service.read(f"{experiment}/runs?limit=100")["items"], service.read(experiment)["progress"]
    assert sum(record.charged(run) for run in record.runs) == pytest.approx(progress["cost_spent"])
    for run, known in zip(record.runs, told, strict=True):
        assert (run.number, run.trial, run.rung, run.value) == (
            known["number"],
            known["trial"],
            known["rung"],
            known["value"],
        )
        mine = [attempt for attempt in record.attempts if attempt.run == run.number]
        assert [attempt.end_reason for attempt in mine] == [attempt["end_reason"] for attempt in known["attempts"]]
    assert record.attempts[0].end_reason is EndReason.PREEMPTED
    [curve] = (curve for curve in record.curves if record.run[curve.run].trial == 1)
    assert curve.epochs.tolist() == [1, 2, 3, 4]
    assert curve.values.tolist() == [0.6] * 4  # of an epoch that was measured twice the last attempt's value counts
    assert record.best is not None
    assert record.best.number == service.read(f"{experiment}/best")["number"]


def test_reading_takes_as_many_statements_for_many_trials_as_for_few(service: Service) -> None:
    counts, records = [], []
    for finished in (5, 400):
        with transaction(service.sessions) as session:
            spec = spec_of(f"trials-{finished}", parallelism=5, seed=1)
            experiment = add_experiment(session, spec, finished, datetime(2026, 11, 23, 12, tzinfo=UTC))
        with counted(service.engine) as statements:
            records.append(read(service, experiment))
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 12
    assert [len(record.trials) for record in records] == [5, 400]
    assert len({records[1].run[curve.run].trial for curve in records[1].curves}) == 200


def test_the_same_rows_of_an_ended_experiment_make_the_same_record_at_any_time(service: Service) -> None:
    experiment = service.create()
    service.settle()
    service.http.post(f"{API}/experiments/{experiment}/stop")
    for job in service.active():
        service.cluster.exit(job, 143)
    service.settle()
    first = read(service, experiment)
    service.clock.advance(3600)
    second = read(service, experiment)
    assert second == first
    assert Bound.of(second).digest == Bound.of(first).digest


def read(service: Service, experiment: str) -> Record:
    with transaction(service.sessions) as session:
        return read_record(session, experiment, service.clock())


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """Yield the statements that are sent until the block ends."""
    sent: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_what_has_ended_stands_still_though_its_last_job_was_never_collected(service: Service, tmp_path: Path) -> None:
    with service.engine.begin() as connection:
        experiment = put_back(connection, tmp_path.as_uri(), SEARCHED)
    record = read(service, experiment)
    assert any(attempt.state is not AttemptState.ENDED for attempt in record.attempts)
    assert record.now == datetime(2026, 11, 27, 1, 33, 10, 445948, tzinfo=UTC)
