"""Whatever a user typed is shown as it was typed, and nothing of it is done."""

from pathlib import Path

import pytest

from controller.figures.names import FigureName
from podium import whole_file
from podium.results import SUMMARY
from tests.dashboard.site import Site
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
    service = site.service
    experiment_id = service.create(
        name="hostile",
        trial=None,
        training={"dataset": "digits"},
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
        if fails:
            service.cluster.exit(job, 1, log=LOG, node=f"node{PICTURE}")
        else:
            results = Path(service.assignment(job)["results"].removeprefix("file://"))
            body = {"epoch": 1, "metrics": {METRIC: 0.5, f"loss{LINK}": 1.0}, "seconds": 1.0}
            sent = service.http.post("/api/v1/run/measurements", headers=service.token(job), json=body)
            assert sent.status_code == 200, sent.text
            service.cluster.exit(job, 0, log=LOG)
            summary = a_summary()
            mistake = summary.mistakes[0].model_copy(update={"label": PICTURE, "predicted": BREAKOUT, "name": SCRIPT})
            classes = [
                each.model_copy(update={"name": f"{PICTURE}{place}"}) for place, each in enumerate(summary.classes)
            ]
            summary = summary.model_copy(update={"mistakes": [mistake], "classes": classes})
            whole_file.write(f"{results}/mistakes/00.png", b"no picture")
            whole_file.write(f"{results}/{SUMMARY}", summary.model_dump_json().encode())
    service.settle()
    return experiment_id


def test_every_page_shows_hostile_words_as_words(site: Site, visitor: Visitor, hostile: str) -> None:
    pages = {
        "/": "acc<img src=x",
        f"/experiments/{hostile}": SCRIPT,
        f"/experiments/{hostile}?where=optimizer={BREAKOUT.replace(' ', '%20').replace('{', '%7B')}": "acc<img",
        f"/experiments/{hostile}/trials/1": "What it still gets wrong",
        f"/experiments/{hostile}/trials/2": "<script>document.title",
        f"/compare?id={hostile}&id={site.trained}": METRIC,
    }
    for path, words in pages.items():
        visitor.goes_to(path)
        visitor.sees(words)
        if "trials/1" in path:
            visitor.sees("Most confident mistakes")
            visitor.sees_figures(3)
        elif "?" not in path and "experiments" in path and "trials" not in path:
            visitor.sees_figures(len(FigureName))
        assert "Podium" in visitor.page.title(), path
        assert (
            visitor.page.locator("main script, main svg[onload], main [onerror], main a[href^=javascript]").count() == 0
        )
        assert "49" not in visitor.page.locator("h1").inner_text()
    assert visitor.complaints == []


def test_a_hostile_spec_comes_back_as_it_was_typed(visitor: Visitor) -> None:
    visitor.goes_to("/new")
    text = f"name: {BREAKOUT}</textarea>{SCRIPT}\nobjective: {PICTURE}"
    visitor.page.get_by_label("The spec, as YAML or JSON").fill(text)
    visitor.presses("Create")
    visitor.sees("fault")
    assert visitor.page.get_by_label("The spec, as YAML or JSON").input_value() == text
    assert "Podium" in visitor.page.title()
    assert all("422" in each for each in visitor.complaints)
    visitor.complaints.clear()


def test_a_search_is_no_pattern_and_no_markup(visitor: Visitor) -> None:
    visitor.goes_to(f"/?q={BREAKOUT}")
    visitor.sees("No experiment is like that")
    assert visitor.page.get_by_label("Search").input_value() == BREAKOUT
