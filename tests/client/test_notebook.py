"""Progress in a real notebook: a kernel of its own runs a cell, and what it showed is looked at."""

import os
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from tests.cli.served import serving
from tests.cli.stand_in import World, an_experiment, create_app, ended

ROOT = Path(__file__).parents[2]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of asyncio and zmq in the notebook's own machinery
def test_progress_is_one_card_that_changes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    world = World()
    world.add(*[an_experiment()] * 4, ended(an_experiment()))
    cells = [
        "import podium\nclient = podium.Client()\nexperiment = client.experiments.get('digits')",
        "experiment.wait(progress=True, poll=0.05);",
        "experiment",
    ]
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    with serving(create_app(world)) as url:
        monkeypatch.setenv("PODIUM_URL", url)
        monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
        NotebookClient(
            notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
        ).execute()
    [progress] = notebook.cells[1].outputs
    assert "completed" in progress.data["text/html"], "the last state, in the place of those before"
    assert "<progress" in progress.data["text/html"]
    [shown] = notebook.cells[2].outputs
    assert shown.data["text/html"] == progress.data["text/html"]
    assert shown.data["text/plain"].startswith("<Experiment digits-k3f9: completed")
