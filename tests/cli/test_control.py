"""Commands that change an experiment: what they send, and what they say came of it."""

import pytest

from podium.taxonomy import ExperimentState
from tests.cli.conftest import Podium
from tests.cli.stand_in import World, a_spec, an_experiment


@pytest.mark.parametrize(("verb", "state"), [("pause", "paused"), ("resume", "running"), ("stop", "stopped")])
def test_commands_say_what_the_experiment_is_now(world: World, podium: Podium, verb: str, state: str) -> None:
    world.add(an_experiment())
    result = podium(verb, "digits")
    assert (result.exit_code, result.stdout) == (0, f"digits-k3f9 is {state}: asked to {verb}\n")


def test_one_trial_can_be_stopped(world: World, podium: Podium) -> None:
    world.add(an_experiment())
    assert podium("stop", "digits", "--trial", "4").stdout == "trial 4 of digits-k3f9 stops at its next report\n"
    assert world.experiments["digits-k3f9"].state is ExperimentState.RUNNING


@pytest.mark.parametrize(
    ("arguments", "sent", "words"),
    [
        (["--cost", "20"], {"budget": {"cost": 20.0}}, "cost 20, parallelism 2"),
        (
            ["--runs", "40", "--parallelism", "3"],
            {"budget": {"runs": 40}, "parallelism": 3},
            "cost 12, runs 40, parallelism 3",
        ),
    ],
)
def test_a_change_sends_what_is_named_and_says_what_holds_now(
    world: World, podium: Podium, arguments: list[str], sent: dict[str, object], words: str
) -> None:
    world.add(an_experiment(spec=a_spec(parallelism=2)))
    result = podium("change", "digits", *arguments)
    assert (result.exit_code, result.stdout) == (0, f"digits-k3f9 has {words}\n")
    assert world.changes == [sent]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "podium: name what to change: --cost, --runs, --hours, --money, --parallelism"),
        (["--cost", "inf"], "podium: the change has faults:\n  budget.cost: found 'inf'; allowed: a finite number"),
        (["--cost", "0.5"], "cannot pay one full training"),
        (["--parallelism", "0"], "  parallelism: found 0; allowed: "),
    ],
)
def test_a_change_that_cannot_be_is_refused_before_anything_is_sent(
    world: World, podium: Podium, arguments: list[str], words: str
) -> None:
    result = podium("change", "digits", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert world.requests == []


def test_delete_needs_a_yes_and_refuses_what_runs(world: World, podium: Podium) -> None:
    world.add(an_experiment())
    unasked = podium("delete", "digits")
    assert (unasked.exit_code, unasked.stderr) == (
        2,
        "podium: nobody is here to ask; delete digits-k3f9 with --yes\n",
    )
    running = podium("delete", "digits", "--yes")
    assert (running.exit_code, running.stderr) == (1, "podium: digits-k3f9 still runs; stop it first\n")
    podium("stop", "digits")
    assert podium("delete", "digits", "--yes").stdout == "digits-k3f9 is deleted\n"
    assert world.experiments == {}
