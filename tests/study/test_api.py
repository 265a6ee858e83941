"""`GET /api/v1/reports` over the real application and database: what it reads, and what it says where it cannot."""

import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

from controller import artifacts
from controller.apart import Failed
from controller.drawing import Bound, Drawer
from controller.figures.names import FigureName, View
from podium import whole_file
from podium.documents import read_document
from podium.results import SUMMARY
from tests.results import a_summary
from tests.service import API, Service
from tests.study.reported import SCRIPT, TRAINED, ask, report, search


def test_a_search_is_reported_from_its_rows(service: Service) -> None:
    experiment_id = service.create(**TRAINED | {"trial": {"pricePerHour": 2.0}})
    search(service, experiment_id)
    told = report(service, experiment_id)
    [arm] = told.arms
    assert (arm.experiment, arm.state, told.metric, told.point) == (experiment_id, "completed", "val_accuracy", 0.01)
    assert arm.baseline is not None
    assert (arm.baseline.trial, arm.baseline.value, arm.baseline.stderr) == (1, 0.5, 0.01)
    assert arm.baseline.hours == pytest.approx(0.4, abs=0.01)
    assert arm.baseline.money == pytest.approx(0.8, abs=0.01)
    assert arm.compute.runs == 4
    assert arm.compute.hours == pytest.approx(sum(use.hours for use in arm.rungs))
    assert arm.compute.hours == pytest.approx(0.4 * sum(use.cost for use in arm.rungs), abs=0.01)
    assert arm.compute.money == pytest.approx(2 * arm.compute.hours)
    assert arm.compute.wall_clock_hours == pytest.approx(arm.compute.hours, abs=0.01)
    assert arm.compute.speed_up == pytest.approx(1.0, abs=0.01)
    assert sum(use.runs for use in arm.rungs) == 4
    assert arm.savings is not None
    assert arm.savings.spent == pytest.approx(sum(use.cost for use in arm.rungs))
    progress = service.read(experiment_id)["progress"]
    assert (arm.compute.money, arm.savings.spent) == pytest.approx((progress["money"], progress["cost_trained"]))


def test_baseline_and_best_are_shown_with_what_they_got_wrong(service: Service) -> None:
    experiment_id = service.create(**TRAINED | {"fidelity": {"rungs": {"full": 2}}})
    search(service, experiment_id)
    told = report(service, experiment_id)
    [arm] = told.arms
    assert arm.best is not None
    assert arm.gain is not None
    assert arm.best.trial == 4
    assert arm.gain.points == pytest.approx(10.4)
    assert arm.gain.high is not None
    assert arm.mistakes.remarks == []
    assert arm.mistakes.baseline is not None
    assert arm.mistakes.best is not None
    assert (arm.mistakes.baseline.top1, arm.mistakes.best.top1) == (0.5, 0.604)
    assert (arm.mistakes.baseline.test_top1, arm.mistakes.best.test_top1) == (None, None)
    assert [len(arm.mistakes.baseline.pictures), len(arm.mistakes.best.pictures)] == [1, 1]
    assert [(pair.baseline, pair.best) for pair in arm.mistakes.pairs] == [(2, 2), (1, 1)]
    assert arm.provenance.data_digest == "d" * 64


def test_what_was_evaluated_on_the_test_part_stands_beside_it(service: Service, tmp_path: Path) -> None:
    experiment_id = service.create(**TRAINED | {"fidelity": {"rungs": {"full": 2}}})
    search(service, experiment_id)
    folder = artifacts.results_folder(artifacts.trial_folder(tmp_path.as_uri(), experiment_id, 4), "test")
    whole_file.write(f"{folder}/{SUMMARY}", a_summary(top1=0.5875).model_dump_json().encode())
    [arm] = report(service, experiment_id).arms
    assert arm.mistakes.baseline is not None
    assert arm.mistakes.best is not None
    assert (arm.mistakes.baseline.test_top1, arm.mistakes.best.test_top1) == (None, 0.5875)
    assert "58.8%" in ask(service, experiment_id, format="html").text


def test_several_arms_in_the_order_in_which_they_are_named(service: Service) -> None:
    first = service.create(**SCRIPT | {"name": "one"})
    search(service, first)
    second = service.create(**SCRIPT | {"name": "two"})
    search(service, second, baseline=0.7, others=0.8)
    told = report(service, second, first, second, reference=first)
    assert [arm.experiment for arm in told.arms] == [second, first]
    assert told.reference is not None
    assert (told.reference.experiment, told.reference.value) == (first, 0.5)
    assert told.arms[0].baseline is not None
    assert told.arms[0].baseline.points == pytest.approx(20)


def test_a_script_of_ones_own_has_no_mistakes_and_says_so(service: Service) -> None:
    experiment_id = service.create(**SCRIPT)
    search(service, experiment_id)
    [arm] = report(service, experiment_id).arms
    assert arm.mistakes.remarks[0] == (
        "No mistakes of the baseline: the trials run a command of their own; only the built-in trainer writes results"
    )


def test_what_has_not_begun_is_said(service: Service) -> None:
    experiment_id = service.create(**SCRIPT)
    [arm] = report(service, experiment_id).arms
    assert arm.best is None
    assert "The search is running: all figures are as they stand now" in arm.remarks
    assert "The baseline (trial 1) is running, not trained in full: no gain" in arm.remarks
    for wanted in ("html", "markdown"):
        assert ask(service, experiment_id, format=wanted).status_code == 200


def test_a_storage_that_is_away_is_said(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment_id = service.create(**TRAINED | {"fidelity": {"rungs": {"full": 2}}})
    search(service, experiment_id)

    def refuse(url: str, limit_bytes: int) -> bytes:
        raise PermissionError("AccessDenied")

    monkeypatch.setattr(artifacts, "read", refuse)
    [arm] = report(service, experiment_id).arms
    assert [remark.split(": ")[0] for remark in arm.mistakes.remarks] == [
        "No mistakes of the baseline",
        "No mistakes of the best",
    ]
    assert "PermissionError: AccessDenied" in arm.mistakes.remarks[0]


def test_each_format_is_answered_as_what_it_is(service: Service) -> None:
    experiment_id = service.create(**SCRIPT)
    search(service, experiment_id)
    kinds: dict[str, httpx2.Response] = {
        wanted: ask(service, experiment_id, format=wanted) for wanted in ("json", "markdown", "html")
    }
    assert [answer.headers["content-type"] for answer in kinds.values()] == [
        "application/json",
        "text/markdown; charset=utf-8",
        "text/html; charset=utf-8",
    ]
    assert {answer.headers["x-content-type-options"] for answer in kinds.values()} == {"nosniff"}
    assert "default-src 'none'" in kinds["html"].headers["content-security-policy"]
    assert kinds["html"].text.startswith("<!DOCTYPE html>")
    assert kinds["markdown"].text.startswith(f"# Study report: {experiment_id}\n")


def test_what_it_tells_can_be_run_again(service: Service) -> None:
    experiment_id = service.create(**SCRIPT)
    search(service, experiment_id)
    [arm] = report(service, experiment_id).arms
    assert arm.best is not None
    text = ask(service, experiment_id, format="markdown").text
    told: list[Any] = [read_document(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    configuration, spec = told
    assert configuration == arm.best.configuration
    assert spec == read_document(arm.provenance.spec_yaml)
    again = service.http.post(f"{API}/experiments", json=spec)
    assert again.status_code == 201
    assert again.json()["spec"] == service.read(experiment_id)["spec"]
    from_the_best = service.http.post(f"{API}/experiments", json=spec | {"baseline": configuration})
    assert from_the_best.status_code == 201
    service.settle()
    assert service.read(f"{from_the_best.json()['id']}/trials/1")["configuration"] == configuration


def test_html_has_the_figures_of_each_arm(service: Service) -> None:
    experiment_id = service.create(**SCRIPT)
    search(service, experiment_id)
    html = ask(service, experiment_id, format="html").text
    assert html.count('class="plot"') == 4
    for title in ("Best so far", "What became of trials at each rung", "Which parameters matter", "What ran when"):
        assert f'aria-label="{title} of {experiment_id}"' in html


def test_a_figure_that_cannot_be_drawn_leaves_the_rest(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment_id = service.create(**SCRIPT)

    def fail(self: Drawer, bound: Bound, name: FigureName, view: View) -> bytes:
        raise Failed("the process died twice")

    monkeypatch.setattr(Drawer, "draw", fail)
    answer = ask(service, experiment_id, format="html")
    assert answer.status_code == 200
    assert answer.text.count("could not be drawn") == 4


@pytest.mark.parametrize(
    ("experiments", "params", "status", "said"),
    [
        ([], {}, 422, ""),
        (["nowhere-abcd"], {}, 404, "no experiment 'nowhere-abcd'"),
        (["tiny"], {"format": "pdf"}, 422, ""),
        (["tiny"], {"price_per_hour": -1}, 422, ""),
        ([f"x{number}" for number in range(21)], {}, 422, ""),
    ],
    ids=["none", "unknown", "format", "price", "too many"],
)
def test_what_cannot_be_reported_is_refused(
    service: Service, experiments: list[str], params: dict[str, Any], status: int, said: str
) -> None:
    answer = ask(service, *experiments, **params)
    assert answer.status_code == status, answer.text
    assert said in answer.json()["detail"]


def test_a_reference_beside_the_arms_is_refused(service: Service) -> None:
    experiment_id = service.create(**SCRIPT)
    answer = ask(service, experiment_id, reference="elsewhere")
    assert answer.status_code == 422
    assert f"not among the report's experiments: {experiment_id}" in answer.json()["detail"]


def test_it_is_behind_the_same_door_as_everything_else(service: Service) -> None:
    experiment_id = service.create(**SCRIPT)
    service.settle()
    [job] = service.active()
    answer = service.http.get(f"{API}/reports", params={"experiment": experiment_id}, headers=service.token(job))
    assert answer.status_code == 403
