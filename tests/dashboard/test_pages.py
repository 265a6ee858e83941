"""Each page in a real browser: it loads without a complaint, everybody can use it, and it fits a phone."""

from playwright.sync_api import expect

from controller.dashboard.study import REPORT_NAME
from controller.figures.names import FigureName
from podium.documents import write_document
from tests.dashboard.site import TRAINED, Site
from tests.dashboard.visitor import Visitor


def holds_up(visitor: Visitor) -> None:
    """Check what is asked of every page."""
    assert visitor.faults_in_light_and_dark() == []
    assert not visitor.scrolls_sideways()
    assert visitor.out_of_reach() == []


def test_experiments(site: Site, visitor: Visitor) -> None:
    visitor.goes_to("/")
    visitor.sees(site.search)
    visitor.sees(site.trained)
    holds_up(visitor)


def test_an_experiment_with_its_figures(site: Site, visitor: Visitor) -> None:
    visitor.goes_to(f"/experiments/{site.search}")
    visitor.sees("120 trials, page 1 of 3")
    visitor.sees_figures(len(FigureName))
    assert "".join(visitor.page.locator(".figures .hint").all_inner_texts()) == ""
    holds_up(visitor)


def test_a_trial_with_what_it_still_gets_wrong(site: Site, visitor: Visitor) -> None:
    visitor.goes_to(f"/experiments/{site.trained}/trials/1")
    visitor.sees("reached its target, epoch 4")
    visitor.sees("Most confident mistakes")
    visitor.sees_figures(4)
    pictures = visitor.page.locator(".mistakes img")
    assert pictures.count() == 24
    pictures.first.scroll_into_view_if_needed()
    expect(pictures.first).to_have_js_property("complete", True)
    expect(pictures.first).to_have_js_property("naturalWidth", 32)
    holds_up(visitor)


def test_a_comparison(site: Site, visitor: Visitor) -> None:
    visitor.goes_to("/")
    for each in (site.search, site.trained):
        visitor.page.get_by_label(f"compare {each}").check()
    visitor.presses("Compare the marked ones")
    visitor.sees("best configuration")
    visitor.sees_figures(3)  # the best so far of both, and each history
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="Report of these to keep").click()
    assert download.value.suggested_filename == REPORT_NAME
    text = download.value.path().read_text()
    assert site.search in text
    assert site.trained in text
    holds_up(visitor)


def test_a_new_experiment(site: Site, visitor: Visitor) -> None:
    visitor.goes_to("/new")
    visitor.page.get_by_label("The spec").fill(write_document(TRAINED))
    holds_up(visitor)


def test_the_theme_is_remembered(site: Site, visitor: Visitor) -> None:
    visitor.goes_to("/")
    light = visitor.page.evaluate("getComputedStyle(document.body).backgroundColor")
    visitor.presses("Dark", within="header")
    visitor.goes_to("/new")
    assert visitor.page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    expect(visitor.page.locator("#theme")).to_have_attribute("aria-pressed", "true")
