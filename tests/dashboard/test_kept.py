"""The pages of experiments that were really run, which is where `make screenshots` takes its pictures."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from controller.figures.names import FigureName
from tests.dashboard.kept import FULL_ONLY, SEARCHED, KeptSite
from tests.dashboard.visitor import Visitor, visiting
from tests.service import API

EXAMPLE = Path("examples/digits.yaml")
BASELINE, BEST = 1, 14


def test_experiments(guest: Visitor) -> None:
    guest.goes_to("/")
    guest.sees(SEARCHED.name)
    guest.sees("0.9944")
    guest.pictures("experiments")


def test_an_experiment_with_its_figures(guest: Visitor) -> None:
    guest.goes_to(f"/experiments/{SEARCHED.name}")
    guest.sees("19 trials")
    guest.sees_figures(len(FigureName))
    assert "".join(guest.page.locator(".figures .hint").all_inner_texts()) == ""
    guest.pictures("experiment")
    guest.pictures("figures", at=".figures")


def test_the_best_trial(guest: Visitor) -> None:
    guest.goes_to(f"/experiments/{SEARCHED.name}/trials/{BEST}")
    guest.sees("reached its target, epoch 4")
    guest.sees_figures(5)
    assert guest.page.locator(".mistakes img").count() == 2
    guest.pictures("trial")


def test_what_the_baseline_gets_wrong(guest: Visitor) -> None:
    guest.goes_to(f"/experiments/{SEARCHED.name}/trials/{BASELINE}")
    guest.sees_figures(5)
    pictures = guest.page.locator(".mistakes img")
    pictures.first.scroll_into_view_if_needed()
    expect(pictures.first).to_have_js_property("complete", True)
    guest.pictures("mistakes", at="h3:has-text('Most confident mistakes')")


def test_a_comparison(guest: Visitor) -> None:
    guest.goes_to(f"/compare?id={SEARCHED.name}&id={FULL_ONLY.name}")
    guest.sees("best configuration")
    guest.sees_figures(3)
    guest.pictures("compare")


def test_a_new_experiment(guest: Visitor) -> None:
    guest.goes_to("/new")
    guest.page.get_by_label("The spec").fill(EXAMPLE.read_text(encoding="utf-8"))
    guest.page.locator("textarea").evaluate("place => place.scrollTo(0, 0)")
    guest.pictures("new")


def test_the_report_of_both(kept_site: KeptSite, browser: Browser, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    query = {"experiment": [SEARCHED.name, FULL_ONLY.name]}
    told = kept_site.service.http.get(f"{API}/reports", params=query).json()
    searched = told["arms"][0]["compute"]
    # its last Job was not collected, and is not counted as if it went on for the hour since; a slot is free with the
    # last result while its process still exits, so that a little more than two ran at once
    assert 2 < searched["speed_up"] < 2.5
    answer = kept_site.service.http.get(f"{API}/reports", params=query | {"format": "html"})
    assert answer.status_code == 200
    file = tmp_path / "report.html"
    file.write_bytes(answer.content)
    with visiting(browser, "", pytestconfig.getoption("--pictures", default=None)) as reader:
        reader.page.goto(file.as_uri())
        reader.sees_figures(8, ".arm")
        reader.sees_figures(1, "main > section:first-of-type")  # the best so far of both
        reader.pictures("report")
        assert reader.faults() == []
