"""What an experiment shows of itself: in a prompt, in a notebook, and while it is waited for."""

import io

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from rich.console import Console

from podium.blocking.endpoints import PodiumClient
from podium.blocking.experiment import Experiment
from podium.card import card_html, spent_share
from podium.display import Display, LineDisplay, NotebookDisplay, TerminalDisplay
from podium.snapshot import Snapshot
from podium.spec import Budget
from tests.cli.stand_in import BORN, a_progress, a_spec, an_experiment, ended


def moment(**changes: object) -> Snapshot:
    return Snapshot(experiment=an_experiment(**changes), runs=(), runs_read_at=BORN, now=BORN)


MOMENTS = [
    moment(),
    moment(),
    moment(progress=a_progress(best_value=0.99)),
    moment(message="<script>alert(1)</script>"),
]


def show(display: Display) -> None:
    with display:
        for each in MOMENTS:
            display.show(each)


def test_a_prompt_says_which_how_far_and_how_good() -> None:
    experiment = Experiment(PodiumClient("http://podium.test"), an_experiment())
    assert repr(experiment) == (
        "<Experiment digits-k3f9: running, 7 trials, 2 in flight, cost 4.00 of 12, "
        "best val_accuracy 0.9812 (trial 4), baseline 0.965>"
    )
    assert experiment._repr_html_() == card_html(an_experiment())


def test_a_card_escapes_what_others_wrote() -> None:
    card = card_html(MOMENTS[-1].experiment, trouble="<b>away</b>")
    assert "<script" not in card
    assert "&lt;script&gt;" in card
    assert "&lt;b&gt;away" in card


def test_the_limit_that_is_nearest_fills_the_bar() -> None:
    assert spent_share(an_experiment()) == pytest.approx(4 / 12)
    assert spent_share(an_experiment(spec=a_spec().model_copy(update={"budget": Budget(cost=12, runs=20)}))) == 0.5
    assert spent_share(ended(an_experiment())) == 1


def test_in_a_log_only_news_is_a_line() -> None:
    written = io.StringIO()
    show(LineDisplay(Console(file=written, width=200)))
    assert [line.split("best")[1][:20] for line in written.getvalue().splitlines()] == [
        " val_accuracy 0.9812",
        " val_accuracy 0.99 (",
        " val_accuracy 0.9812",
    ]


def test_on_a_terminal_one_line_changes_in_its_place() -> None:
    written = io.StringIO()
    show(TerminalDisplay(Console(file=written, width=200, force_terminal=True)))
    assert written.getvalue().count("digits-k3f9") >= len(MOMENTS)
    assert "\x1b[2K" in written.getvalue()


def test_in_a_notebook_one_card_changes_in_its_place() -> None:
    """IPython's own display machinery, as a kernel has it."""
    InteractiveShell.instance()
    try:
        with capture_output() as captured:
            show(NotebookDisplay())
    finally:
        InteractiveShell.clear_instance()
    first, *later = captured.outputs
    assert "digits-k3f9" in first.data["text/html"]
    assert len(later) == len(MOMENTS) - 1
    assert len({output.transient["display_id"] for output in captured.outputs if hasattr(output, "transient")}) <= 1


def test_a_kernel_is_told_from_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(Display.here(), LineDisplay)
    shell = InteractiveShell.instance()
    try:
        assert isinstance(Display.here(), LineDisplay), "IPython on a terminal is no notebook"
        monkeypatch.setattr(shell, "kernel", object(), raising=False)
        assert isinstance(Display.here(), NotebookDisplay)
    finally:
        InteractiveShell.clear_instance()
