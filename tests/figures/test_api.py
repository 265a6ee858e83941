"""Figures over the API and in a notebook: drawn by a process of its own, from the rows of a real service."""

from tests.service import BASELINE, Service


def test_every_figure_is_served_for_an_experiment_that_has_run(service: Service) -> None:
    experiment = service.create(baseline=BASELINE)
    for value in (0.5, 0.6, 0.55, 0.7, 0.65, 0.4):
        service.settle()
        service.finish(service.active()[0], value)
    names = [figure["name"] for figure in service.read(f"{experiment}/figures")["figures"]]
    assert names[:3] == ["history", "learning-curves", "parallel-coordinates"]
    for name in names:
        drawn = service.read(f"{experiment}/figures/{name}")
        assert set(drawn) >= {"data", "layout"}, name
        assert drawn["layout"]["title"]["text"], name
    assert len(service.read(f"{experiment}/figures/history")["data"]) >= 3
