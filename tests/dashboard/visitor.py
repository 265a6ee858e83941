"""A person at a browser: Debian's Chromium, with everything noted that a page complains of."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, ViewportSize, expect

GRAVE = ("serious", "critical")
PHONE: ViewportSize = {"width": 375, "height": 740}
DESK: ViewportSize = {"width": 1280, "height": 800}
PATIENCE_MS = 60_000
"""The tests' machine may be busy; what takes as long is broken."""
RESIZE_MS = 5_000
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
REACHABLE = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"


class Visitor:
    def __init__(self, page: Page, url: str, pictures: Path | None) -> None:
        self.page, self.url, self._pictures = page, url, pictures
        self.complaints: list[str] = []
        """Errors and broken policies, as the browser's console has them."""
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text} {message.location}")

    def expects(self, words: str) -> None:
        """Forget what the page has complained of; these words must be among it."""
        assert any(words in each for each in self.complaints), self.complaints
        self.complaints.clear()

    def goes_to(self, path: str) -> None:
        answer = self.page.goto(self.url + path, wait_until="domcontentloaded")
        assert answer is not None
        assert answer.ok, answer.status

    def sees(self, words: str, place: str = "main") -> None:
        expect(self.page.locator(place)).to_contain_text(words)

    def sees_figures(self, count: int, place: str = ".figures") -> None:
        """Look at each figure until it is drawn; there are to be so many."""
        figures = self.page.locator(f"{place} .plot")
        expect(figures).to_have_count(count)
        for figure in figures.all():
            figure.scroll_into_view_if_needed()
            expect(figure.locator("svg.main-svg").first).to_be_attached(timeout=PATIENCE_MS)

    def presses(self, button: str, within: str = "main") -> None:
        self.page.locator(within).get_by_role("button", name=button, exact=True).click()

    def faults(self) -> list[str]:
        """Return what axe-core finds that keeps people out."""
        found: list[dict[str, Any]] = Axe().run(self.page).response["violations"]  # Any: axe's JSON
        return [
            f"{each['impact']} {each['id']}: {[node['html'] for node in each['nodes']][:3]}"
            for each in found
            if each["impact"] in GRAVE
        ]

    def faults_in_light_and_dark(self) -> list[str]:
        light = self.faults()
        self.page.locator("#theme").click()
        dark = [f"dark: {each}" for each in self.faults()]
        self.page.locator("#theme").click()
        return light + dark

    def scrolls_sideways(self) -> bool:
        """Say whether the page, and not a table in it, is wider than a phone."""
        self.page.set_viewport_size(PHONE)
        fits = False
        for _ in range(RESIZE_MS // 100):  # figures follow the page a moment later
            fits = bool(self.page.evaluate(FITS))
            if fits:
                break
            self.page.wait_for_timeout(100)
        self.page.set_viewport_size(DESK)
        return not fits

    def out_of_reach(self) -> list[str]:
        """Press Tab until the page begins again; return what it has that the focus never came to."""
        self.page.evaluate("document.activeElement.blur()")
        shown: Locator = self.page.locator(REACHABLE).locator("visible=true")
        wanted = shown.count()
        self.page.evaluate("""
            window.reached = new Set()
            document.addEventListener("focusin", event => window.reached.add(event.target))
        """)
        for _ in range(wanted + 5):
            self.page.keyboard.press("Tab")
        missed = shown.evaluate_all(
            "found => found.filter(e => !window.reached.has(e)).map(e => e.outerHTML.slice(0, 99))"
        )
        return [str(each) for each in missed]

    def pictures(self, name: str, at: str = "body") -> None:
        """Keep what the page looks like from a place on: light, dark and on a phone, where somebody asked for it."""
        if self._pictures is None:
            return
        self._pictures.mkdir(parents=True, exist_ok=True)
        themes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        for theme in themes:
            self.page.emulate_media(color_scheme=theme)  # a page follows until its visitor says otherwise
            self._picture(f"{name}-{theme}", at)
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(PHONE)
        self._picture(f"{name}-phone", at)
        self.page.set_viewport_size(DESK)

    def _picture(self, name: str, at: str) -> None:
        assert self._pictures is not None
        self.page.locator(at).first.evaluate("place => place.scrollIntoView()")
        self.page.wait_for_timeout(RESIZE_MS // 5)  # figures follow the page a moment later
        self.page.screenshot(path=self._pictures / f"{name}.png")


@contextmanager
def visiting(browser: Browser, url: str, pictures: Path | None = None) -> Iterator[Visitor]:
    """Open a window of its own; whatever its pages complained of fails the test, unless that was to be."""
    context = browser.new_context(viewport=DESK, color_scheme="light", reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    try:
        visitor = Visitor(context.new_page(), url, pictures)
        yield visitor
        assert not visitor.complaints, visitor.complaints
    finally:
        context.close()
