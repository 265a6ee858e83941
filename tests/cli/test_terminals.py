"""The command on terminals as they are: narrow ones, those without colours, and a shell that completes."""

import os
import pty
import re
import subprocess
import sys

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer.testing import CliRunner, Result

from podium.cli.app import app
from podium.cli.narrow import print_fitting
from tests.cli.conftest import Podium
from tests.cli.stand_in import World, a_run, a_trial, an_experiment

PODIUM = [sys.executable, "-c", "from podium.cli import main; main()"]
LONG = "a-search-with-a-long-name-for-good-reasons-k3f9"
COLOUR = re.compile(r"\x1b\[[0-9;]*(?:3[0-7]|9[0-7]|38;)[0-9;]*m")


@pytest.fixture
def full(world: World) -> World:
    world.add(an_experiment(id=LONG, name="digits"))
    world.trials = [a_trial()]
    world.runs = [a_run()]
    return world


@pytest.mark.parametrize("columns", ["1", "20", "40", "79", "500"])
def test_no_id_is_cut_however_narrow_the_terminal(
    full: World, podium: Podium, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert LONG in podium("ls").stdout
    for command in (("show", LONG), ("best", LONG), ("trials", LONG), ("trial", LONG, "4"), ("--help",)):
        assert podium(*command).exit_code == 0, command


def test_a_row_that_does_not_fit_becomes_lines() -> None:
    table = Table("experiment", "state", box=None)
    table.add_row("digits-k3f9", Text("running", style="green"))
    table.add_row("[red]odd[/red]", "paused")
    assert _printed(table, 40).split() == ["experiment", "state", "digits-k3f9", "running", "[red]odd[/red]", "paused"]
    assert _printed(table, 14) == (
        "experiment  digits-k3f9\nstate       running\n\nexperiment  [red]odd[/red]\nstate       paused\n"
    )


def test_a_terminal_gets_colours_unless_no_color_is_set(full: World, url: str) -> None:
    assert COLOUR.search(_on_a_terminal(url)), "no colours at all, so this shows nothing"
    assert COLOUR.search(_on_a_terminal(url, NO_COLOR=""))
    plain = _on_a_terminal(url, NO_COLOR="1")
    assert LONG in plain
    assert not COLOUR.search(plain)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_a_script(shell: str) -> None:
    done = _complete(f"source_{shell}", {})
    assert done.exit_code == 0
    assert "_PODIUM_COMPLETE" in done.stdout


@pytest.mark.parametrize("command", ["show", "watch", "trial", "stop"])
def test_ids_are_completed(full: World, url: str, command: str) -> None:
    words = {"COMP_WORDS": f"podium {command} a-se", "COMP_CWORD": "2", "PODIUM_URL": url}
    assert _complete("complete_bash", words).stdout.split() == [LONG]
    assert _complete("complete_bash", words | {"COMP_WORDS": f"podium {command} b"}).stdout.split() == []


def test_completion_says_nothing_where_no_controller_answers() -> None:
    words = {"COMP_WORDS": "podium show a", "COMP_CWORD": "2", "PODIUM_URL": "http://127.0.0.1:9"}
    done = _complete("complete_bash", words)
    assert (done.exit_code, done.stdout.strip(), done.stderr) == (0, "", "")


def _printed(table: Table, width: int) -> str:
    console = Console(width=width, markup=False, highlight=False)
    with console.capture() as captured:
        print_fitting(console, table)
    return captured.get()


def _complete(instruction: str, words: dict[str, str]) -> Result:
    environment = {"_PODIUM_COMPLETE": instruction, **words}
    return CliRunner().invoke(app, [], env=environment, prog_name="podium", catch_exceptions=False)


def _on_a_terminal(url: str, **variables: str) -> str:
    """Run `podium ls` with a terminal as its stdout; return what it wrote there."""
    ours, its = pty.openpty()
    environment = {**_clean(), "PODIUM_URL": url, "TERM": "xterm-256color", "COLUMNS": "200", **variables}
    process = subprocess.Popen([*PODIUM, "ls"], env=environment, stdout=its, stderr=its, stdin=subprocess.DEVNULL)
    os.close(its)
    written = b""
    try:
        while part := os.read(ours, 65536):
            written += part
    except OSError:  # Linux says so when the other side is closed
        pass
    finally:
        os.close(ours)
    assert process.wait(timeout=30) == 0
    return written.decode()


def _clean() -> dict[str, str]:
    unwanted = ("PODIUM_", "COLUMNS", "NO_COLOR", "FORCE_COLOR", "TTY_", "CI", "GITHUB_ACTIONS")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
