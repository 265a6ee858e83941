"""Logs: one JSON object a line, with experiment, trial and attempt on each line about one."""

import io
import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import structlog

from controller.logs import about, configure_logs
from tests.service import API, Service


class Lines:
    """What was logged since it was asked before."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def __call__(self) -> list[Mapping[str, Any]]:
        logged = self.stream.getvalue()
        self.stream.seek(0)
        self.stream.truncate()
        return [json.loads(line) for line in logged.splitlines()]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Log as the commands do, to where a test can read it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    made, before = Lines(), structlog.get_config()
    configure_logs(stream=made.stream)
    yield made
    structlog.configure(**before)
    root.handlers[:], root.level = handlers, level


def whose(line: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(line.get(name) for name in ("experiment", "trial", "attempt", "job"))


def test_every_line_about_an_attempt_says_whose_it_is(service: Service, lines: Lines) -> None:
    first, second = service.create(parallelism=1, name="a-t1"), service.create(parallelism=1, name="b")
    service.settle()
    jobs = service.active()
    service.cluster.exit(jobs[0], 75)
    service.settle()
    logged = lines()
    assert {whose(line) for line in logged if line["event"] == "Job created"} == {
        (first, 1, 1, jobs[0]),
        (first, 1, 2, jobs[0].removesuffix("1") + "2"),
        (second, 1, 1, jobs[1]),
    }
    [ended] = [line for line in logged if line["event"] == "attempt ended"]
    assert whose(ended) == (first, 1, 1, jobs[0])
    assert ended["reason"] == "preempted"
    assert {"level", "timestamp"} <= ended.keys()


def test_a_fault_in_another_thread_says_whose_it_is(
    service: Service, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise ArithmeticError("as a fault in the code would")

    experiment = service.create(parallelism=1)
    monkeypatch.setattr(service.cluster, "create_job", fail)
    service.reconciler.reconcile()
    [failed] = [line for line in lines() if line["level"] == "error"]
    assert whose(failed) == (experiment, 1, 1, f"{experiment}-t1-e{failed['job'].rsplit('-e', 1)[1]}")
    assert "ArithmeticError" in failed["exception"]


def test_the_api_says_whose_report_it_refuses_and_forgets_it_by_the_next_request(
    service: Service, lines: Lines
) -> None:
    experiment = service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    lines()
    service.http.get(f"{API}/experiments/none")
    service.report(job, 99)
    service.http.get(f"{API}/experiments/none")
    before, refused, after = lines()
    assert whose(refused) == (experiment, 1, 1, job)
    assert refused["event"] == "refused"
    assert whose(before) == whose(after) == (None,) * 4


def test_reports_are_logged_for_those_who_ask_for_it(service: Service, lines: Lines) -> None:
    experiment = service.create(parallelism=1)
    service.settle()
    [job] = service.active()
    lines()
    configure_logs("debug", lines.stream)
    service.report(job, 1)
    [told] = [line for line in lines() if line["event"] == "epoch reported"]
    assert (whose(told), told["epoch"], told["verdict"]) == ((experiment, 1, 1, job), 1, "continue")


@pytest.mark.parametrize(
    ("level", "logged"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_what_is_less_grave_than_the_level_is_left_out(level: str, logged: list[str], lines: Lines) -> None:
    configure_logs(level, lines.stream)
    log = structlog.get_logger()
    for each in ("debug", "info", "warning", "error"):
        getattr(log, each)("something")
    assert [line["level"] for line in lines()] == logged


@pytest.mark.parametrize(("level", "count"), [("info", 1), ("warning", 1), ("error", 0)])
def test_the_standard_librarys_warnings_are_lines_like_any_other(level: str, count: int, lines: Lines) -> None:
    configure_logs(level, lines.stream)
    logging.getLogger("somebody.elses").warning("disk %s is full", "A")
    logging.getLogger("somebody.elses").info("nothing of interest")
    assert [line["event"] for line in lines()] == ["disk A is full"] * count


def test_names_are_bound_for_a_block_and_no_longer(lines: Lines) -> None:
    log = structlog.get_logger()
    with about(job="digits-k3f9-t12-e8-a3"):
        log.info("inside")
    log.info("outside")
    with about(job="somebody-elses-job"):
        log.info("strange")
    inside, outside, strange = lines()
    assert whose(inside) == ("digits-k3f9", 12, 3, "digits-k3f9-t12-e8-a3")
    assert whose(outside) == (None,) * 4
    assert whose(strange) == (None, None, None, "somebody-elses-job")
