"""What a visitor presses does what it says, and a page keeps up with what happens."""

import json

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from podium.taxonomy import ExperimentState
from tests.builders import spec_document
from tests.dashboard.site import Site, begin_training, finish_training
from tests.dashboard.visitor import Visitor, visiting
from tests.service import BASELINE

NAME = "tiny"


@pytest.fixture
def running(site: Site) -> str:
    """An experiment with two runs in flight."""
    experiment_id = site.service.create(name=NAME, baseline=BASELINE)
    site.service.settle()
    return experiment_id


def state_of(site: Site, experiment_id: str) -> str:
    return str(site.service.read(experiment_id)["state"])


def test_a_running_experiment_is_paused_resumed_and_stopped(site: Site, visitor: Visitor, running: str) -> None:
    visitor.goes_to(f"/experiments/{running}")
    visitor.sees("Running for", "#status")

    visitor.presses("Pause…")
    visitor.presses("Cancel", "#pause")
    expect(visitor.page.locator("#pause")).to_be_hidden()
    assert state_of(site, running) == ExperimentState.RUNNING

    visitor.presses("Pause…")
    visitor.presses("Pause", "#pause")
    visitor.sees("Paused by a user", "#status")
    assert state_of(site, running) == ExperimentState.PAUSED

    visitor.presses("Resume…")
    visitor.presses("Resume", "#resume")
    visitor.sees("Running for", "#status")
    assert state_of(site, running) == ExperimentState.RUNNING

    visitor.presses("Stop…")
    visitor.presses("Stop for good", "#stop")
    visitor.sees("Stopped after", "#status")
    assert state_of(site, running) == ExperimentState.STOPPED
    expect(visitor.page.get_by_role("button", name="Pause…")).to_have_count(0)


def test_budget_and_parallelism_are_changed_and_the_rest_stays(site: Site, visitor: Visitor, running: str) -> None:
    visitor.goes_to(f"/experiments/{running}")
    visitor.presses("Change budget or parallelism…")
    visitor.page.get_by_label("cost, full trainings").fill("6.5")
    visitor.page.get_by_label("parallelism").fill("3")
    visitor.presses("Change", "#change")
    visitor.sees("of 6.5", "#now")
    spec = site.service.read(running)["spec"]
    assert (spec["budget"], spec["parallelism"]) == ({"cost": 6.5, "runs": None, "hours": None, "money": None}, 3)


def test_a_change_that_makes_no_sense_is_refused_in_words(site: Site, visitor: Visitor, running: str) -> None:
    visitor.goes_to(f"/experiments/{running}")
    visitor.presses("Change budget or parallelism…")
    visitor.page.get_by_label("cost, full trainings").fill("0.5")
    visitor.presses("Change", "#change")
    visitor.sees("a budget of 0.5 cannot pay one full training")
    assert site.service.read(running)["spec"]["budget"]["cost"] == 4.0
    visitor.expects("422")


def test_a_trial_is_stopped(site: Site, visitor: Visitor, running: str) -> None:
    visitor.goes_to(f"/experiments/{running}/trials/1")
    visitor.presses("Stop this trial…")
    visitor.presses("Stop the trial", "#stop-trial")
    visitor.sees("Run 1 to full")
    [job] = [each for each in site.service.active() if each.startswith(f"{running}-t1-")]
    assert site.service.report(job, 1).json()["verdict"] == "stop"


def test_a_new_experiment_is_refused_with_its_faults_at_their_lines_and_then_made(site: Site, visitor: Visitor) -> None:
    visitor.goes_to("/new")
    text = json.dumps(spec_document(name="typed", seed="seven"), indent=1)
    line = next(number for number, each in enumerate(text.split("\n"), start=1) if '"seed"' in each)
    area = visitor.page.get_by_label("The spec, as YAML or JSON")
    area.fill(text)
    visitor.presses("Create")
    visitor.sees("the spec has 1 fault")
    expect(area).to_have_value(text)
    expect(visitor.page.locator(".source .faulty")).to_contain_text("seed: found 'seven'")
    assert visitor.page.locator(".source .faulty").get_attribute("value") == str(line)
    assert visitor.faults_in_light_and_dark() == []
    visitor.presses(f"Line {line}")
    selected = "(area => area.value.slice(area.selectionStart, area.selectionEnd))(document.activeElement)"
    assert '"seed": "seven"' in visitor.page.evaluate(selected)
    visitor.expects("422")

    area.fill(text.replace('"seven"', "7"))
    visitor.presses("Create")
    visitor.sees("Running for", "#status")
    assert "/experiments/typed-" in visitor.page.url


def test_the_search_finds_experiments_and_tells_of_none(site: Site, visitor: Visitor) -> None:
    visitor.goes_to("/")
    visitor.page.get_by_label("Search").fill("resnet50")
    expect(visitor.page.locator("#experiments tbody tr")).to_have_count(1)
    expect(visitor.page).to_have_url(f"{site.url}/?q=resnet50")
    visitor.page.get_by_label("Search").fill("%")
    visitor.sees("No experiment is like that", "#experiments")


def trials_shown(page: Page) -> list[int]:
    return [int(each) for each in page.locator("#trials tbody th").all_inner_texts()]


def test_trials_are_sorted_filtered_and_leafed_through(site: Site, visitor: Visitor) -> None:
    visitor.goes_to(f"/experiments/{site.search}")
    assert trials_shown(visitor.page) == list(range(1, 51))
    visitor.page.locator("#trials").get_by_role("link", name="next", exact=True).click()
    visitor.sees("page 2 of 3", "#trials")
    assert trials_shown(visitor.page) == list(range(51, 101))
    visitor.page.locator("#trials").get_by_role("link", name="val_accuracy").click()
    expect(visitor.page.locator("th[aria-sort=descending]")).to_contain_text("val_accuracy")
    values = [float(each) for each in visitor.page.locator("#trials tbody td:nth-child(4)").all_inner_texts()]
    assert values == sorted(values, reverse=True)
    assert len(values) == 50
    visitor.page.get_by_label("Where").fill("learning_rate<0.01 nesterov=true")
    visitor.page.get_by_label("State").select_option("completed")
    others = visitor.page.locator("#trials tbody tr td:nth-child(2):not(:has-text('completed'))")
    expect(others).to_have_count(0)
    visitor.sees("trials", "#trials [role=status]")
    rates = [float(each) for each in visitor.page.locator("#trials tbody td:nth-child(5)").all_inner_texts()]
    assert rates
    assert all(rate < 0.01 for rate in rates)
    assert "sort=-value" in visitor.page.url
    visitor.page.get_by_label("Where").fill("colour=red")
    visitor.sees("no column 'colour'", "#trials")


def test_an_open_page_keeps_up_and_leaves_what_the_visitor_did(site: Site, visitor: Visitor, running: str) -> None:
    visitor.goes_to("/")
    visitor.page.get_by_label(f"compare {running}").check()
    job, *_ = site.service.active()
    site.service.report(job, 1, 0.25)
    site.service.http.post(f"/api/v1/experiments/{running}/pause")
    expect(visitor.page.locator(f"#row-{running} .badge")).to_have_text("paused")
    expect(visitor.page.get_by_label(f"compare {running}")).to_be_checked()

    visitor.goes_to(f"/experiments/{running}")
    visitor.page.get_by_role("button", name="Resume…").focus()
    site.service.finish(f"{running}-t1-e4-a1", 0.75)
    visitor.sees("0.75", "#now")
    visitor.sees("0.75", "#trials")
    expect(visitor.page.get_by_role("button", name="Resume…")).to_be_focused()


def test_results_come_to_the_open_page_of_a_trial(site: Site, visitor: Visitor) -> None:
    training = begin_training(site.service)
    visitor.goes_to(f"/experiments/{training}/trials/1")
    visitor.sees("results are written at the end of a full training", "#results")
    finish_training(site.service, training)
    visitor.sees("Most confident mistakes", "#results")
    visitor.sees_figures(1, "#results")


def test_the_page_of_what_was_deleted_says_so_and_stops_asking(site: Site, visitor: Visitor, running: str) -> None:
    visitor.goes_to(f"/experiments/{running}")
    visitor.sees("Running for", "#status")
    site.service.http.post(f"/api/v1/experiments/{running}/stop")
    site.service.settle()
    assert site.service.http.delete(f"/api/v1/experiments/{running}").is_success
    visitor.sees("This is gone: it was deleted.", "#connection")
    visitor.expects("404")
    visitor.page.wait_for_timeout(3000)
    assert not visitor.complaints


def test_a_figure_is_not_asked_for_again_while_it_is_drawn(site: Site, visitor: Visitor, running: str) -> None:
    asked: list[Route] = []
    visitor.page.route("**/figures/history", lambda route: asked.append(route))  # noqa: PLW0108  # playwright marks it
    visitor.goes_to(f"/experiments/{running}")
    figure = visitor.page.locator('figure[data-name="history"]')
    figure.scroll_into_view_if_needed()
    visitor.page.evaluate("htmx.trigger(document.body, 'podium:changed')")
    visitor.page.wait_for_timeout(5500)
    assert len(asked) == 1
    asked[0].fulfill(status=500, body="a bare error")
    expect(figure.locator(".hint")).to_contain_text("the answer was HTTP 500")
    visitor.page.wait_for_timeout(200)
    assert len(asked) == 2, "what was wanted meanwhile is asked for once"
    visitor.expects("500")
    asked[1].abort()
    visitor.page.wait_for_timeout(200)
    visitor.complaints.clear()


def test_a_figure_for_which_there_is_no_room_is_asked_for_again(site: Site, visitor: Visitor) -> None:
    refused: list[str] = []

    def refuse_once(route: Route) -> None:
        if refused:
            route.continue_()
        else:
            refused.append(route.request.url)
            route.fulfill(status=503, json={"detail": "many figures are being made"})

    visitor.page.route("**/figures/history", refuse_once)
    visitor.goes_to(f"/experiments/{site.search}")
    figure = visitor.page.locator('figure[data-name="history"]')
    figure.scroll_into_view_if_needed()
    expect(figure.locator(".hint")).to_contain_text("many figures are being made")
    expect(figure.locator("svg.main-svg").first).to_be_attached()
    expect(figure.locator(".hint")).to_have_text("")
    visitor.expects("503")


def test_a_lost_connection_says_so_and_recovers(site: Site, browser: Browser, running: str) -> None:
    with visiting(browser, site.url) as visitor:
        visitor.goes_to(f"/experiments/{running}")
        visitor.page.context.set_offline(True)
        visitor.sees("Connection lost. This is how things stood at", "#connection")
        site.service.http.post(f"/api/v1/experiments/{running}/pause")
        visitor.page.context.set_offline(False)
        visitor.sees("Connected again", "#connection")
        visitor.sees("Paused by a user", "#status")
        visitor.expects("ERR_INTERNET_DISCONNECTED")


def test_the_pages_of_a_database_that_is_away_say_so(site: Site, visitor: Visitor, running: str) -> None:
    visitor.goes_to(f"/experiments/{running}")
    visitor.page.route("**/parts/**", lambda route: route.fulfill(status=503, body="away"))
    visitor.sees("Connection lost", "#connection")
    visitor.page.unroute("**/parts/**")
    visitor.sees("Connected again", "#connection")
    visitor.expects("503")
