"""The study report in a real browser: opened as a file, it complains of nothing and asks nobody for anything."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Request

from tests.dashboard.site import Site
from tests.dashboard.visitor import FITS, PHONE, Visitor, visiting
from tests.service import API
from tests.waiting import wait_for

FIGURES = 4


def fits(visitor: Visitor) -> Callable[[], bool]:
    return lambda: bool(visitor.page.evaluate(FITS))


def test_a_report_opens_from_a_file_with_no_network(site: Site, browser: Browser, tmp_path: Path) -> None:
    for experiment in (site.search, site.trained):
        answer = site.service.http.get(f"{API}/reports", params={"experiment": experiment, "format": "html"})
        assert answer.status_code == 200
        file = tmp_path / f"{experiment}.html"
        file.write_bytes(answer.content)
        asked: list[str] = []

        def note(request: Request, asked: list[str] = asked) -> None:
            asked.append(request.url)

        with visiting(browser, "") as visitor:
            visitor.page.on("request", note)
            visitor.page.goto(file.as_uri())
            visitor.sees_figures(FIGURES, ".arm")
            visitor.sees("Runs by rung")
            assert visitor.faults() == []
            visitor.page.emulate_media(color_scheme="dark")
            assert visitor.faults() == []
            visitor.page.set_viewport_size(PHONE)
            wait_for(fits(visitor), "the page, with its figures, to be no wider than a phone")
            assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]


def test_the_best_of_a_trained_search_is_shown_with_its_mistakes(site: Site, browser: Browser, tmp_path: Path) -> None:
    answer = site.service.http.get(f"{API}/reports", params={"experiment": site.trained, "format": "html"})
    file = tmp_path / "report.html"
    file.write_bytes(answer.content)
    with visiting(browser, "") as visitor:
        visitor.page.goto(file.as_uri())
        pictures = visitor.page.locator(".pictures img")
        assert pictures.count() == 8
        for picture in pictures.all():
            assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
