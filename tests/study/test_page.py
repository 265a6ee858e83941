"""The report as one HTML file: it needs nothing else, runs nothing but its own, and shows what was typed as text."""

from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from controller.study.page import Figure, Page, page_of
from tests.study.arms import a_report, an_arm, with_results
from tests.study.hostile import HOSTILE, hostile_report

PLOT = '{"data":[{"x":[1],"y":[2],"name":"</script><b>&"}],"layout":{}}'


class Parsed(HTMLParser):
    """What a browser would make of a page: elements with their attributes, texts, and what scripts and styles hold."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self._within: str | None = None
        self.feed(page.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in self.raw:
            self._within = tag
            self.raw[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._within:
            self._within = None

    def handle_data(self, data: str) -> None:
        if self._within is None:
            self.texts.append(data)
        else:
            self.raw[self._within][-1] += data

    def tags(self) -> list[str]:
        return [tag for tag, _ in self.elements]

    def policy(self) -> str:
        return next(
            attributes["content"] or ""
            for tag, attributes in self.elements
            if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
        )


def hash_of(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def full_page() -> Page:
    report = a_report(results={("tiny-abcd", 1): with_results(), ("tiny-abcd", 2): with_results(top1=0.9)})
    return page_of(report, [Figure(experiment="tiny-abcd", title="History", plot=PLOT)])


def test_the_policy_names_style_and_scripts_by_their_hashes() -> None:
    parsed = Parsed(full_page())
    policy = parsed.policy()
    assert policy.startswith("default-src 'none'; img-src data:; script-src 'sha256-")
    [style] = parsed.raw["style"]
    [plot, plotly, ours] = parsed.raw["script"]
    assert not set("<>&") & set(plot), "an HTML parser would look into it"
    assert plot.replace("\\u003c", "<").replace("\\u003e", ">").replace("\\u0026", "&") == PLOT
    assert f"script-src {hash_of(plotly)} {hash_of(ours)};" in policy
    assert f"style-src {hash_of(style)} " in policy
    assert "unsafe-eval" not in policy
    assert "script-src 'unsafe" not in policy


def test_a_page_without_figures_runs_nothing() -> None:
    page = page_of(a_report())
    assert "script-src 'none';" in page.policy
    assert "unsafe" not in page.policy
    assert Parsed(page).raw["script"] == []
    assert len(page.html) < 50_000


def test_nothing_is_fetched() -> None:
    parsed = Parsed(full_page())
    for tag, attributes in parsed.elements:
        for name in ("src", "href", "action", "data", "srcset", "poster"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:image/png;base64,", "#")), (tag, name, value)
    assert not {"link", "iframe", "object", "embed", "base", "form"} & set(parsed.tags())
    [style] = parsed.raw["style"]
    assert "url(" not in style
    assert "@import" not in style


def test_pictures_are_within_the_page() -> None:
    pictures = [attributes["src"] for tag, attributes in Parsed(full_page()).elements if tag == "img"]
    assert len(pictures) == 2
    assert all(picture and picture.startswith("data:image/png;base64,") for picture in pictures)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_was_typed_is_text(text: str) -> None:
    """The page has the elements and attributes of the same page with a harmless name, and shows the hostile one."""
    page, harmless = Parsed(page_of(hostile_report(text))), Parsed(page_of(hostile_report("harmless")))
    assert page.tags() == harmless.tags()
    assert [sorted(attributes) for _, attributes in page.elements] == [
        sorted(attributes) for _, attributes in harmless.elements
    ]
    shown = " ".join(page.texts)
    assert text.replace("\x00", "") in shown.replace("\x00", "")


def test_baseline_and_best_stand_side_by_side() -> None:
    shown = " ".join(Parsed(full_page()).texts)
    assert "Baseline (trial 1): 85.0% right of 20 images" in shown
    assert "Best (trial 2): 90.0% right of 20 images" in shown


def test_a_figure_stands_in_its_own_arm() -> None:
    report = a_report(an_arm(), an_arm(id="other-arm"))
    page = page_of(report, [Figure(experiment="other-arm", title="History", plot=PLOT)])
    first, second = page.html.index('id="arm-1"'), page.html.index('id="arm-2"')
    assert first < second < page.html.index('class="plot"')


def test_a_figure_that_could_not_be_drawn_is_said() -> None:
    page = page_of(a_report(), [Figure(experiment="tiny-abcd", title="History", plot=None)])
    assert "“History” could not be drawn" in page.html
    assert "script-src 'none';" in page.policy


def test_it_suits_light_dark_paper_and_phones() -> None:
    parsed = Parsed(full_page())
    [style] = parsed.raw["style"]
    for wanted in ("prefers-color-scheme: dark", "@media print", "max-width: 40rem", "overflow-x: auto"):
        assert wanted in style
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in parsed.elements
    assert ("html", {"lang": "en"}) in parsed.elements
