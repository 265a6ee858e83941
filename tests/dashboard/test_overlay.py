"""The best so far of several experiments in one figure."""

import pytest

from controller.figures.overlay import overlay_of
from tests.dashboard.site import Site


def test_each_experiment_has_a_line_of_its_own_on_both_panels(site: Site) -> None:
    found = site.service.http.get(f"/data/overlay?id={site.search}&id={site.trained}").json()["overlay"]
    bests = [trace for trace in found["data"] if trace.get("showlegend") is not False or trace["line"]["width"] == 3]
    by_experiment = {each: [t for t in bests if t["name"] == each] for each in (site.search, site.trained)}
    for lines in by_experiment.values():
        assert sorted(line["xaxis"] for line in lines if line["line"]["width"] == 3) == ["x", "x2"]
    one, other = (lines[0]["line"] for lines in by_experiment.values())
    assert one["color"] != other["color"]
    assert one["dash"] != other["dash"]
    assert "range" not in found["layout"]["yaxis"]


@pytest.mark.parametrize("names", [[], ["a", "b"]])
def test_without_a_full_training_there_is_a_sentence(names: list[str]) -> None:
    found = overlay_of({name: {"data": [], "layout": {}} for name in names})
    assert found["data"] == []
    assert all(name in found["layout"]["title"]["subtitle"]["text"] for name in names)


def test_experiments_of_different_objectives_have_none(site: Site) -> None:
    other = site.service.create(objective={"metric": "val_loss", "direction": "minimize"})
    answer = site.service.http.get(f"/data/overlay?id={site.search}&id={other}")
    assert answer.status_code == 422, answer.text
    assert "different objectives" in answer.text
