"""Whatever a user typed is shown as it was typed, and nothing of it is done."""

from urllib.parse import quote

import pytest

from controller.figures.names import FigureName
from podium import whole_file
from podium.results import SUMMARY
from tests.dashboard.hostile import BREAKOUT, LINK, METRIC, PICTURE, SCRIPT, hostile_experiment, is_done
from tests.dashboard.site import TRAINED, Site
from tests.dashboard.visitor import Visitor
from tests.results import a_summary


@pytest.fixture
def hostile(site: Site) -> str:
    return hostile_experiment(site.service)


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
