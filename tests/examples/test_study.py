"""The comparison that examples/study.py prints: of real answers, and by hand."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from examples import study
from examples.study import Arm, table_of
from podium.client import PodiumClient
from tests.builders import spec_document
from tests.cli.served import serving
from tests.service import BASELINE, Service


def rows(arms: list[Arm]) -> list[list[str]]:
    return [list(cells) for cells in zip(*(column.cells for column in table_of(arms).columns), strict=True)]


def test_what_each_point_above_the_first_arm_took() -> None:
    arms = [
        Arm(name="extractor, baseline", accuracy=0.5, hours=1.0),
        Arm(name="extractor, optimized", accuracy=0.54, hours=30.0),
        Arm(name="fine-tuned, baseline", accuracy=0.46, hours=2.0),
        Arm(name="fine-tuned, optimized", accuracy=0.7, hours=60.0),
    ]
    assert rows(arms) == [
        ["extractor, baseline", "50.00%", "1", "+0.00", ""],
        ["extractor, optimized", "54.00%", "30", "+4.00", "7.5"],
        ["fine-tuned, baseline", "46.00%", "2", "-4.00", ""],
        ["fine-tuned, optimized", "70.00%", "60", "+20.00", "3"],
    ]


def test_no_arm_is_an_empty_table() -> None:
    assert rows([]) == []


def test_a_study_runs_its_files_in_turn_and_goes_on_where_it_was(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Epochs take a second: the baseline's two, and those of the two trials that the budget pays."""
    values = {1: 0.5, 2: 0.75}

    def work(seconds: float) -> None:
        service.settle()
        for job in service.active():
            service.finish(job, values[service.assignment(job)["trial"]])

    files = []
    for name in ("one", "two"):
        files.append(tmp_path / f"{name}.yaml")
        spec = spec_document(
            name=name, baseline=BASELINE, fidelity={"rungs": {"full": 2}}, budget={"cost": 2.0}, parallelism=1
        )
        files[-1].write_text(json.dumps(spec))
    monkeypatch.setattr(study, "time", SimpleNamespace(sleep=work))
    monkeypatch.setenv("COLUMNS", "200")
    with serving(service.app) as url:
        monkeypatch.setenv("PODIUM_URL", url)
        study.main([str(file) for file in files])
        table = capsys.readouterr().out
        study.main([str(file) for file in files])
    assert capsys.readouterr().out == table, "the same file is the same experiment"
    assert len(service.read("")["items"]) == 2
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in table.splitlines() if "│" in line]
    hours = {"baseline": f"{2 / 3600:.3g}", "optimized": f"{4 / 3600:.3g}"}
    per_point = f"{4 / 3600 / 25:.3g}"
    assert cells == [
        ["one, baseline", "50.00%", hours["baseline"], "+0.00", ""],
        ["one, optimized", "75.00%", hours["optimized"], "+25.00", per_point],
        ["two, baseline", "50.00%", hours["baseline"], "+0.00", ""],
        ["two, optimized", "75.00%", hours["optimized"], "+25.00", per_point],
    ]


def test_an_experiment_that_trained_nothing_in_full_has_no_arm(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "tiny.yaml"
    file.write_text(json.dumps(spec_document(baseline=BASELINE)))
    with serving(service.app) as url, PodiumClient(url) as client:

        def stop(seconds: float) -> None:
            [experiment] = client.experiments()
            client.stop(experiment.id)

        monkeypatch.setattr(study, "time", SimpleNamespace(sleep=stop))
        experiment = study.ended(client, file, Console(quiet=True))
        assert experiment.state == "stopped"
        assert study.arms_of(client, experiment) == []
