"""Whatever a user typed is shown as it was typed, and nothing of it is done."""

from urllib.parse import quote

import pytest

from controller.figures.names import FigureName
from podium import whole_file
from podium.results import SUMMARY
from tests.dashboard.site import TRAINED, Site
from tests.dashboard.visitor import Visitor
from tests.results import a_summary

SCRIPT = "<script>document.title='hostile'</script>"
PICTURE = "<img src=x onerror=\"document.title='hostile'\">"
BREAKOUT = "\"'><svg/onload=document.title='hostile'>{{7*7}}"
LINK = "<a href='javascript:alert(1)'>click</a>"
DONE = "main script, main svg[onload], main [onerror], main a[href^=javascript]"
METRIC = f"acc{PICTURE}"
LOG = f"loss {SCRIPT}\x1b]8;;javascript:alert(1)\x07link\x1b]8;;\x07 \x1b[31m{BREAKOUT}\x1b[0m"


@pytest.fixture
def hostile(site: Site) -> str:
    """An experiment of a command of its own, with one trial that succeeded and one that failed."""
    service = site.service
    experiment_id = service.create(
        name="hostile",
        objective={"metric": METRIC},
        parameters={
            "optimizer": {"type": "categorical", "choices": [SCRIPT, BREAKOUT]},
            "onload": {"type": "real", "low": 0.0, "high": 1.0},
        },
        fidelity={"rungs": {"full": 1}},
        budget={"cost": 2.0},
        parallelism=1,
        max_attempts=1,
    )
    for fails in (False, True):
        service.settle()
        [job] = [each for each in service.active() if each.startswith(experiment_id)]
        if not fails:
            body = {"epoch": 1, "metrics": {METRIC: 0.5, f"loss{LINK}": 1.0}, "seconds": 1.0}
            sent = service.http.post("/api/v1/run/measurements", headers=service.token(job), json=body)
            assert sent.status_code == 200, sent.text
        service.cluster.exit(job, 1 if fails else 0, log=LOG, node=f"node{PICTURE}")
    service.settle()
    return experiment_id


@pytest.fixture
def mistaken(site: Site) -> str:
    """An experiment of which a full training left results with hostile labels."""
    service = site.service
    experiment_id = service.create(**TRAINED | {"name": "mistaken"})
    service.settle()
    [job] = [each for each in service.active() if each.startswith(experiment_id)]
    folder = service.assignment(job)["results"]
    service.finish(job)
    summary = a_summary()
    mistake = summary.mistakes[0].model_copy(update={"label": PICTURE, "predicted": BREAKOUT, "name": SCRIPT})
    names = [{"name": f"{PICTURE}{place}"} for place in range(len(summary.classes))]
    classes = [each.model_copy(update=name) for each, name in zip(summary.classes, names, strict=True)]
    summary = summary.model_copy(update={"mistakes": [mistake], "classes": classes})
    whole_file.write(f"{folder}/mistakes/00.png", b"no picture")
    whole_file.write(f"{folder}/{SUMMARY}", summary.model_dump_json().encode())
    service.settle()
    return experiment_id


def is_done(visitor: Visitor) -> bool:
    """Say whether something of what was typed became a part of the page, or was done."""
    return "Podium" not in visitor.page.title() or visitor.page.locator(DONE).count() > 0


def test_every_page_shows_hostile_words_as_words(site: Site, visitor: Visitor, hostile: str) -> None:
    pages = {
        "/": METRIC,
        f"/experiments/{hostile}?where=" + quote(f'optimizer="{SCRIPT}"'): SCRIPT,
        f"/experiments/{hostile}?where=" + quote(BREAKOUT): "no column",
        f"/experiments/{hostile}/trials/1": f"loss{LINK}",
        f"/experiments/{hostile}/trials/2": SCRIPT,
        f"/compare?id={hostile}&id={site.trained}": METRIC,
    }
    for path, words in pages.items():
        visitor.goes_to(path)
        visitor.sees(words)
        if "/trials/1" in path:
            visitor.sees_figures(2)
        assert not is_done(visitor), path


def test_figures_show_hostile_words_as_words(visitor: Visitor, hostile: str) -> None:
    visitor.goes_to(f"/experiments/{hostile}")
    visitor.sees_figures(len(FigureName))
    assert not is_done(visitor)


def test_results_show_hostile_words_as_words(visitor: Visitor, mistaken: str) -> None:
    visitor.goes_to(f"/experiments/{mistaken}/trials/1")
    visitor.sees("Most confident mistakes")
    visitor.sees(BREAKOUT)
    visitor.sees_figures(2)
    assert not is_done(visitor)


def test_a_hostile_spec_comes_back_as_it_was_typed(visitor: Visitor) -> None:
    visitor.goes_to("/new")
    text = f"name: {BREAKOUT}</textarea>{SCRIPT}\nobjective: {PICTURE}"
    visitor.page.get_by_label("The spec, as YAML or JSON").fill(text)
    visitor.presses("Create")
    visitor.sees("As it was sent")
    assert visitor.page.get_by_label("The spec, as YAML or JSON").input_value() == text
    assert "Podium" in visitor.page.title()
    visitor.expects("422")


def test_a_search_is_no_pattern_and_no_markup(visitor: Visitor) -> None:
    visitor.goes_to(f"/?q={BREAKOUT}")
    visitor.sees("No experiment is like that")
    assert visitor.page.get_by_label("Search").input_value() == BREAKOUT
