"""Every page that the application has, by its own routes: nothing typed is done there, and nobody is kept out.

A page that is new is visited without a word here; one whose address has a new kind of part fails until it is said what
to fill in.
"""

from urllib.parse import quote

import pytest
from fastapi.routing import APIRoute

from controller import store
from controller.dashboard import sign_in
from controller.dashboard.door import PAGES
from controller.dashboard.headers import DATA
from controller.errors import Busy
from tests.dashboard.hostile import LINK, METRIC, PICTURE, SCRIPT, hostile_change, hostile_experiment, is_done
from tests.dashboard.site import Site
from tests.dashboard.visitor import Visitor

NO_PAGES = (f"{DATA}/", "/parts/")
"""What scripts ask for: figures and files, and parts of pages, which are seen with the pages."""
FILES = ("/report",)
"""What is kept, and not looked at here; tests/dashboard/test_report.py opens it."""
QUERIES = {"/compare": "?id={experiment_id}&id={other}"}
"""Of pages that show nothing without."""
WORDS = {
    "/": METRIC,
    "/audit": PICTURE,
    "/compare": METRIC,
    "/experiments/{experiment_id}": SCRIPT,
    "/experiments/{experiment_id}/trials/{number}": SCRIPT,
}
"""Of what was typed, where it is to be read."""


def pages() -> list[str]:
    routers = [each.router for each in (*PAGES, sign_in)]
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    asked = sorted({route.path for route in routes if "GET" in (route.methods or ())})
    return [path for path in asked if not path.startswith(NO_PAGES) and path not in FILES]


@pytest.fixture(scope="module")
def hostile(site: Site) -> str:
    hostile_change(site.service)
    return hostile_experiment(site.service)


def test_the_pages_are_found_by_their_routes() -> None:
    assert {*WORDS, "/new", "/docs", "/sign-in"} <= set(pages())


@pytest.mark.parametrize("path", pages())
def test_a_page_shows_hostile_words_as_words_and_keeps_nobody_out(
    site: Site, visitor: Visitor, hostile: str, path: str
) -> None:
    fills = {"experiment_id": hostile, "number": 2, "other": site.trained}
    visitor.goes_to((path + QUERIES.get(path, "")).format(**fills))
    if path in WORDS:
        visitor.sees(WORDS[path])
    assert not is_done(visitor)
    assert visitor.faults_in_light_and_dark() == []
    assert not visitor.scrolls_sideways()


def test_changes_of_one_experiment_are_asked_for_by_whatever_it_is_called(visitor: Visitor, hostile: str) -> None:
    visitor.goes_to(f"/audit?experiment={quote(LINK)}")
    visitor.sees(LINK)
    assert not is_done(visitor)


def test_experiments_are_read_on_a_narrow_phone_without_scrolling_sideways(visitor: Visitor, hostile: str) -> None:
    visitor.page.set_viewport_size({"width": 360, "height": 740})
    visitor.goes_to("/")
    visitor.sees(METRIC)
    region = visitor.page.locator(".scroll")
    assert region.evaluate("place => place.scrollWidth <= place.clientWidth")
    assert visitor.faults() == []


def test_a_page_that_cannot_be_made_now_is_asked_for_again_by_itself(
    site: Site, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise Busy("2 reports are being made and 8 wait; try again in a few seconds")

    with monkeypatch.context() as patch:
        patch.setattr(store, "experiments", refuse)
        visitor.page.goto(f"{site.url}/", wait_until="domcontentloaded")
        visitor.sees("8 wait; try again in a few seconds")
        visitor.sees("This page tries again by itself")
        visitor.expects("503")
    visitor.sees("Compare the marked ones")
    visitor.complaints.clear()  # it may have asked once more meanwhile
