"""What examples/study.py runs and prints, on a real service."""

import json
from pathlib import Path

import pytest

from examples import study
from tests.builders import spec_document
from tests.cli.served import serving
from tests.service import BASELINE, Service


def test_a_study_runs_its_files_in_turn_and_goes_on_where_it_was(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each run takes half an hour: the baseline, and another that the budget pays."""
    values = {1: 0.5, 2: 0.75}

    def work(seconds: float) -> None:
        service.settle()
        for job in service.active():
            service.clock.advance(1800)
            service.finish(job, values[service.assignment(job)["trial"]])

    files = []
    for name in ("one", "two"):
        files.append(tmp_path / f"{name}.yaml")
        spec = spec_document(
            name=name, baseline=BASELINE, fidelity={"rungs": {"full": 2}}, budget={"cost": 2.0}, parallelism=1
        )
        files[-1].write_text(json.dumps(spec))
    with serving(service.app) as url:
        monkeypatch.setenv("PODIUM_URL", url)
        study.main([str(file) for file in files], sleep=work)
        printed = capsys.readouterr()
        study.main([str(file) for file in files], sleep=work)
    assert capsys.readouterr().out == printed.out, "the same file is the same experiment"
    first, second = sorted(each["id"] for each in service.read("")["items"])
    assert printed.out.splitlines()[5:11] == [
        "| arm | model | val_accuracy | hours | money | points over reference | hours per point | money per point |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        f"| {first} | baseline | 50.00% | 30.0 min | - | - | - | - |",
        f"| {first} | best | 75.00% | 1.00 h | - | +25.00 | 2.40 min | - |",
        f"| {second} | baseline | 50.00% | 30.0 min | - | +0.00 | - | - |",
        f"| {second} | best | 75.00% | 1.00 h | - | +25.00 | 2.40 min | - |",
    ]
    assert f"podium report {first} {second} -o report.html" in printed.err


def test_an_experiment_that_trained_nothing_in_full_is_said(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "tiny.yaml"
    file.write_text(json.dumps(spec_document(baseline=BASELINE)))
    with serving(service.app) as url:
        monkeypatch.setenv("PODIUM_URL", url)

        def stop(seconds: float) -> None:
            [experiment] = service.read("")["items"]
            service.http.post(f"/api/v1/experiments/{experiment['id']}/stop")

        study.main([str(file)], sleep=stop)
    assert "The reference has no model trained in full" in capsys.readouterr().out


def test_without_files_it_says_what_it_wants() -> None:
    with pytest.raises(SystemExit, match="name the files"):
        study.main([])
