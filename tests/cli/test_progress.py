"""Progress is a pure function: the same experiment at the same moment is the same picture."""

import io
from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console, RenderableType

from podium.cli.phrases import in_words, number, setting, standing
from podium.cli.progress import RungCount, count_rungs, progress_line, progress_view, time_left
from podium.cli.tables import best_view, summary, trial_view, troubles_view, under_way_view
from podium.snapshot import is_at_rest
from podium.taxonomy import AttemptState, EndReason, ExperimentState, RunState
from podium.wire import TrialDetail, UnderWay
from tests.cli.stand_in import (
    BORN,
    a_measurement,
    a_progress,
    a_run,
    a_spec,
    a_trial,
    an_attempt,
    an_experiment,
    ended,
)

AFTER_2_MINUTES = BORN + timedelta(minutes=2)


def drawn(view: RenderableType, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(view)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_view_shows_everything_that_one_waits_for() -> None:
    runs = [a_run(1, rung="small", to_epoch=1, from_epoch=0, reached_epoch=1, is_promotion=False, value=0.9), a_run(2)]
    words = drawn(progress_view(an_experiment(), runs, AFTER_2_MINUTES))
    for expected in (
        "digits-k3f9  running: 2 runs in flight",
        "4.00 of 12 full trainings",
        "2 min 00 s, about 22 min 00 s left",
        "10, 2 in flight, 3 promotions",
        "2 running, 3 paused, 2 completed",
        "val_accuracy 0.9812 (trial 4)",
        "val_accuracy 0.965",
    ):
        assert expected in words
    rows = [line.split() for line in words.splitlines()]
    assert ["small", "1", "1", "0", "0", "0.9"] in rows
    assert ["full", "8", "1", "0", "1", "0.9812"] in rows


@pytest.mark.parametrize("width", [20, 40, 80])
def test_the_view_fits_a_narrow_terminal(width: int) -> None:
    words = drawn(progress_view(an_experiment(message="m" * 200), [a_run()], AFTER_2_MINUTES), width)
    assert max(map(len, words.splitlines())) <= width


def test_words_of_the_server_are_never_markup() -> None:
    experiment = an_experiment(message="[red]not red[/] :smile:")
    assert "[red]not red[/] :smile:" in drawn(progress_view(experiment, [], AFTER_2_MINUTES))


def test_rungs_are_counted_by_where_a_run_aimed_and_what_it_reached() -> None:
    runs = [
        a_run(1, rung="small", to_epoch=1, reached_epoch=1, is_promotion=False, value=0.5),
        a_run(2, rung="small", to_epoch=1, reached_epoch=1, is_promotion=False, value=0.7),
        a_run(3, rung="full", reached_epoch=3, end_reason=EndReason.STOPPED, value=0.99),
        a_run(4, rung="full", state=RunState.RUNNING, reached_epoch=2, end_reason=None, value=None),
    ]
    small = RungCount(name="small", epochs=1, reached=2, in_flight=0, promotions=0, best=0.7)
    full = RungCount(name="full", epochs=8, reached=0, in_flight=1, promotions=2, best=None)
    assert count_rungs(an_experiment(), runs) == [small, full]


def test_the_best_of_a_loss_is_its_lowest() -> None:
    spec = a_spec(objective={"metric": "val_loss", "direction": "minimize"}, fidelity={"min": 1, "max": 8})
    runs = [a_run(1, value=0.5), a_run(2, value=0.3)]
    assert [count.best for count in count_rungs(an_experiment(spec=spec), runs)] == [0.3]


@pytest.mark.parametrize(
    ("budget", "trained", "runs_ended", "minutes"),
    [
        ({"cost": 12}, 3.0, 0, 6.0),
        ({"cost": 1}, 2.0, 9, 0.0),
        ({"cost": 12}, 0.0, 9, None),
        ({"runs": 40}, 0.0, 10, 6.0),
        ({"cost": 12, "runs": 20}, 3.0, 10, 2.0),
    ],
)
def test_time_left_follows_what_was_trained_and_the_limit_that_comes_first(
    budget: dict[str, Any], trained: float, runs_ended: int, minutes: float | None
) -> None:
    progress = a_progress(cost_trained=trained, runs_ended=runs_ended)
    experiment = an_experiment(spec=a_spec(budget=budget), progress=progress)
    assert time_left(experiment, AFTER_2_MINUTES) == (None if minutes is None else timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("message", "words"),
    [("", "paused"), ("paused by its user", "paused by its user"), ("no device", "paused: no device")],
)
def test_a_state_is_not_said_twice(message: str, words: str) -> None:
    assert standing("paused", message) == words


def test_a_clock_behind_the_servers_shows_no_negative_time() -> None:
    assert "running for 0 s" in progress_line(an_experiment(), [], BORN - timedelta(hours=1))


def test_an_ended_experiment_has_a_length_and_no_time_left() -> None:
    line = progress_line(ended(an_experiment()), [a_run()], BORN + timedelta(days=3))
    assert "completed after 10 min 00 s" in line
    assert "left" not in line


@pytest.mark.parametrize(
    ("state", "last_attempts", "rests"),
    [
        (ExperimentState.RUNNING, [], False),
        (ExperimentState.RUNNING, [AttemptState.PENDING], False),
        (ExperimentState.PAUSED, [], True),
        (ExperimentState.PAUSED, [AttemptState.PENDING, AttemptState.PENDING], True),
        (ExperimentState.PAUSED, [AttemptState.PENDING, AttemptState.RUNNING], False),
        (ExperimentState.PAUSED, [AttemptState.REPORTED], False),
        (ExperimentState.STOPPED, [AttemptState.RUNNING], True),
        (ExperimentState.COMPLETED, [], True),
    ],
)
def test_an_experiment_rests_when_nothing_more_comes_by_itself(
    state: ExperimentState, last_attempts: list[AttemptState], rests: bool
) -> None:
    live = [
        a_run(n, state=RunState.RUNNING, attempts=[an_attempt(), an_attempt(2, state=last)])
        for n, last in enumerate(last_attempts, start=2)
    ]
    assert is_at_rest(an_experiment(state=state), [a_run(), *live]) is rests


def test_the_title_says_the_state_once() -> None:
    experiment = an_experiment(state=ExperimentState.PAUSED, message="paused by a user")
    assert (
        drawn(progress_view(experiment, [], AFTER_2_MINUTES)).splitlines()[0].rstrip()
        == "digits-k3f9  paused by a user"
    )


@pytest.mark.parametrize(
    ("spent", "told"),
    [
        ({}, None),
        ({"accelerator_hours": 12.34}, "accelerators 12.34 hours"),
        ({"accelerator_hours": 0.0, "money": 7.5}, "money 7.50"),
    ],
)
def test_spending_is_told_where_there_is_any(spent: dict[str, float], told: str | None) -> None:
    experiment = ended(an_experiment(), **spent)
    for words in (drawn(summary(experiment, None)), drawn(progress_view(experiment, [], AFTER_2_MINUTES))):
        if told is None:
            assert "accelerators" not in words
            assert "money" not in words
        else:
            assert told in " ".join(words.split())


@pytest.mark.parametrize(
    ("spent", "told"), [(7.5, "money 7.50 of 20 EUR"), (None, "money nothing of 20: no Pod has had a price")]
)
def test_money_is_told_beside_its_limit(spent: float | None, told: str) -> None:
    experiment = ended(an_experiment(), money=spent, currency="EUR")
    budget = experiment.spec.budget.model_copy(update={"money": 20.0})
    experiment = experiment.model_copy(update={"spec": experiment.spec.model_copy(update={"budget": budget})})
    assert told in " ".join(drawn(summary(experiment, None)).split())


def test_the_summary_puts_the_baseline_beside_the_best() -> None:
    words = drawn(summary(ended(an_experiment()), a_trial()))
    rows = [line.split() for line in words.splitlines()]
    assert ["learning_rate", "0.0321", "0.1"] in rows
    assert ["nesterov", "false", "false"] in rows
    assert ["val_accuracy", "0.9812", "0.965"] in rows
    for expected in ("12.00 of 12 full trainings", "10 runs, 3 of them promotions", "7 trials", "10 min 00 s"):
        assert expected in words


def test_without_a_baseline_there_is_no_column_for_it() -> None:
    experiment = an_experiment(spec=a_spec(baseline=None))
    assert "baseline" not in drawn(best_view(experiment, a_trial()))


def test_a_search_without_a_full_training_says_so() -> None:
    assert "No trial reached full fidelity." in drawn(summary(ended(an_experiment()), None))


def test_a_trial_tells_why_each_attempt_ended() -> None:
    lost = an_attempt(1, end_reason=EndReason.PREEMPTED, exit_code=75, detail="the node went away; trying again")
    bad = an_attempt(2, end_reason=EndReason.BUG, exit_code=1, log_tail="\x1b[31mTraceback:\x1b[0m\nValueError: x")
    detail = TrialDetail(**dict(a_trial()), runs=[a_run(attempts=[lost, bad])], measurements=[a_measurement(8)])
    words = drawn(trial_view(detail, "val_accuracy"), width=140)
    assert "attempt 1 digits-k3f9-t4-e8-a1 preempted (exit 75): the node went away; trying again" in words
    assert "attempt 2 digits-k3f9-t4-e8-a2 bug (exit 1)\n    Traceback:\n    ValueError: x\n" in words
    assert ["8", "0.98", "1.5", "958"] in [line.split() for line in words.splitlines()]


def test_a_mean_stands_beside_its_standard_error() -> None:
    metrics = {"val_loss": 0.5, "val_accuracy": 0.98125, "odd_stderr": 3.0, "val_loss_stderr": 0.01234}
    told = a_measurement(8).model_copy(update={"metrics": metrics})
    words = drawn(trial_view(TrialDetail(**dict(a_trial()), runs=[], measurements=[told]), "val_accuracy"), width=140)
    assert ["8", "0.5", "+-", "0.012", "0.9812", "3", "1.5", "958"] in [line.split() for line in words.splitlines()]


def test_troubles_tell_the_latest_runs_in_a_sentence_and_only_where_something_went_wrong() -> None:
    runs = [
        a_run(n, explanation=f"story {n}", attempts=[an_attempt(n, end_reason=EndReason.PREEMPTED), an_attempt(n + 1)])
        for n in range(1, 8)
    ]
    waits = an_attempt(9, state=AttemptState.RUNNING, end_reason=None, waiting="waits for a node: 0/3 are available")
    view = troubles_view([a_run(8, explanation="story 8", attempts=[waits]), *reversed(runs), a_run(9)], limit=3)
    assert view is not None
    words = drawn(view)
    assert "7 attempts ended in trouble, 1 waiting" in words
    assert [f"story {n}" in words for n in range(1, 9)] == [False] * 5 + [True] * 3
    assert words.count("trial 4:") == 3
    assert troubles_view([a_run()]) is None


def test_epochs_under_way_are_told_up_to_a_screenful() -> None:
    telling = an_attempt(state=AttemptState.RUNNING, end_reason=None, under_way=UnderWay(epoch=3, share=0.4))
    runs = [a_run(n, trial=n, explanation=f"is at {n}", attempts=[an_attempt(), telling]) for n in range(1, 23)]
    view = under_way_view([a_run(99, trial=99), *runs])
    assert view is not None
    lines = drawn(view).splitlines()
    assert [lines[1].strip(), lines[20].strip(), lines[-1].strip()] == [
        "trial 1: is at 1",
        "trial 20: is at 20",
        "and 2 more",
    ]
    assert under_way_view([a_run()]) is None


def test_a_trial_is_explained_above_its_runs() -> None:
    detail = TrialDetail(
        **a_trial().model_dump(), explanation="reached its target, epoch 8", runs=[a_run()], measurements=[]
    )
    assert "reached its target, epoch 8" in drawn(trial_view(detail, "val_accuracy"))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 00 min"),
        (86_400 + 3 * 3600, "1 d 3 h"),
    ],
)
def test_durations_are_said_in_two_units(seconds: float, words: str) -> None:
    assert in_words(timedelta(seconds=seconds)) == words


def test_values_are_written_as_in_a_spec() -> None:
    written = [setting(True), setting(64), setting(0.000123456), setting("adam"), number(None), number(0.98125)]
    assert written == ["true", "64", "0.0001235", "adam", "-", "0.9812"]
