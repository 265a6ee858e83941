"""Every figure of every kind of experiment: it draws, or says in words what is missing, and believes no typed text."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from controller.figures.drawing import draw, study_of
from controller.figures.names import FigureName, NoSuchView, View
from controller.figures.study import Study
from controller.optimizer.memory import Remembering
from podium.taxonomy import ExperimentState
from tests.figures.records import EVERYTHING, ladder_climb, record_of

HOSTILE = "<a href='javascript:alert(1)'>x</a> $\\alpha$ %{y} &lt;b&gt; \u202e\n"
ONE_PARAMETER: dict[str, Any] = {
    "parameters": {"learning_rate": {"type": "real", "low": 1e-4, "high": 1.0, "scale": "log"}},
    "fidelity": {"rungs": {"full": 4}},
}
HOSTILE_SPEC: dict[str, Any] = {
    **EVERYTHING,
    "objective": {"metric": HOSTILE, "direction": "maximize"},
    "other_objectives": [{"metric": "y" + HOSTILE, "direction": "minimize"}],
    "thresholds": [],
    "parameters": {
        **EVERYTHING["parameters"],
        "optimizer": {"type": "categorical", "choices": ["sgd", HOSTILE]},
    },
}
KINDS: dict[str, dict[str, Any]] = {
    "empty": {"count": 0},
    "one trial": {"count": 1},
    "one trial that runs": {"count": 1, "fate": lambda _: "runs"},
    "one result": {"count": 1, "fate": lambda _: "full"},
    "all failed": {"count": 30, "fate": lambda _: "fails"},
    "one parameter, one rung": {"count": 12, "fate": lambda _: "full", **ONE_PARAMETER},
    "everything": {"count": 60, "fate": lambda n: "runs" if n > 58 else ladder_climb(n), **EVERYTHING},
    "everything, and empty": {"count": 0, **EVERYTHING},
    "ended": {"count": 30, "state": ExperimentState.STOPPED, **EVERYTHING},
    "hostile": {
        "count": 30,
        "truth": lambda configuration, share: {
            HOSTILE: share + float(configuration["learning_rate"]),
            "y" + HOSTILE: float(configuration["layers"]),
        },
        **HOSTILE_SPEC,
    },
}


@cache
def study(kind: str) -> Study:
    given = dict(KINDS[kind])
    return study_of(record_of(given.pop("count"), **given), learn=Remembering())


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_draws(kind: str) -> None:
    for name in FigureName:
        drawn = json.loads(draw(name, study(kind)).to_json())
        assert {trace["type"] for trace in drawn["data"]} <= {"scatter", "bar", "heatmap", "contour"}, name
        assert drawn["data"] or words_of(drawn), name


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("empty", FigureName.HISTORY, "Results are drawn as runs report them: none has ended yet."),
        ("empty", FigureName.CURVES, "nothing was reported yet"),
        ("empty", FigureName.PARALLEL, "there is none yet"),
        ("empty", FigureName.IMPORTANCE, "once 4 trials have a result: 0 so far."),
        ("empty", FigureName.TIMELINE, "none was started yet"),
        ("everything, and empty", FigureName.PARETO, "there is none yet"),
        ("everything, and empty", FigureName.NEXT, "The baseline, trained in full"),
        ("one trial that runs", FigureName.HISTORY, "none has ended yet"),
        ("all failed", FigureName.HISTORY, "30 runs ended without one"),
        ("all failed", FigureName.SLICE, "0 so far, and 30 runs failed"),
        ("all failed", FigureName.CORRELATION, "in common: 0 at most"),
        ("one parameter, one rung", FigureName.CONTOUR, "There is one parameter"),
        ("one parameter, one rung", FigureName.CORRELATION, "There is one rung"),
        ("one parameter, one rung", FigureName.PARETO, "There is one objective"),
        ("ended", FigureName.NEXT, "Nothing: the experiment is stopped."),
    ],
)
def test_what_has_nothing_to_show_says_what_is_missing(kind: str, name: FigureName, words: str) -> None:
    assert words in words_of(json.loads(draw(name, study(kind)).to_json()))


def test_nothing_that_was_typed_is_read_as_markup() -> None:
    for name in FigureName:
        for text in texts(json.loads(draw(name, study("hostile")).to_json())):
            ours = text.replace("<br>", "").replace("<extra></extra>", "")
            assert not {"<", ">", "$", "\u202e", "\n"} & set(ours), (name, text)
            assert "%{y} " not in ours, (name, text)
            assert "&lt;" not in ours, (name, text)


def test_typed_text_is_shown_all_the_same() -> None:
    drawn = json.loads(draw(FigureName.CURVES, study("hostile")).to_json())
    assert drawn["layout"]["yaxis"]["title"]["text"].startswith(
        "&#60;a href=&#39;javascript:alert(1)&#39;&#62;x&#60;/a"
    )


def test_a_view_of_what_the_experiment_does_not_have_is_refused_with_what_it_has() -> None:
    with pytest.raises(NoSuchView, match="no objective 'loss'; there are accuracy, seconds"):
        study_of(study("everything").record, View(objective="loss"))
    with pytest.raises(NoSuchView, match="no parameter 'rate'; there are learning_rate, layers, optimizer, momentum"):
        draw(FigureName.CONTOUR, study("everything"), View(x="rate"))
    with pytest.raises(NoSuchView, match="both 'layers'"):
        draw(FigureName.CONTOUR, study("everything"), View(x="layers", y="layers"))


def words_of(drawn: Any) -> str:
    """Return the sentence that stands in place of a figure."""
    found = [each["text"] for each in drawn["layout"].get("annotations", []) if not drawn["data"]]
    return found[0].replace("<br>", " ") if found else ""


def texts(drawn: Any) -> Iterator[str]:
    match drawn:
        case str():
            yield drawn
        case dict():
            for value in drawn.values():
                yield from texts(value)
        case list():
            for value in drawn:
                yield from texts(value)
