"""Each command against a controller on a real socket: what it asks, what it prints, how it exits."""

import json
import socket
from pathlib import Path

import pytest

from podium.fault import Fault
from podium.faults import parse_spec
from podium.taxonomy import AttemptState, EndReason, ExperimentState, RunState
from tests.builders import spec_document
from tests.cli.conftest import Podium
from tests.cli.stand_in import SPEC, World, a_progress, a_run, a_trial, an_attempt, an_experiment, ended


@pytest.fixture
def spec_file(tmp_path: Path) -> Path:
    path = tmp_path / "digits.yaml"
    path.write_text(json.dumps(SPEC))
    return path


def test_run_watches_to_the_end_and_prints_what_was_found(world: World, podium: Podium, spec_file: Path) -> None:
    world.next_script = [an_experiment(), ended(an_experiment())]
    world.trials = [a_trial()]
    result = podium("run", str(spec_file))
    assert result.exit_code == 0
    assert "digits-0000 running" in result.stderr
    assert "digits-0000 completed after 10 min 00 s" in result.stderr
    assert "see more with: podium show digits-0000 --url http://127.0.0.1:" in result.stderr
    assert "digits-0000 completed: the budget is spent" in result.stdout
    assert ["val_accuracy", "0.9812", "0.965"] in [line.split() for line in result.stdout.splitlines()]
    assert "3 of them promotions" in result.stdout


def test_run_detached_prints_the_id_alone(world: World, podium: Podium, spec_file: Path) -> None:
    result = podium("run", str(spec_file), "--detach")
    assert (result.exit_code, result.stdout) == (0, "digits-0000\n")
    assert "podium watch digits-0000 --url http://127.0.0.1:" in result.stderr


def test_two_runs_of_one_file_are_two_experiments(world: World, podium: Podium, spec_file: Path) -> None:
    podium("run", str(spec_file), "-d")
    podium("run", str(spec_file), "-d")
    assert list(world.experiments) == ["digits-0000", "digits-0001"]


def test_a_paused_experiment_ends_the_watch_and_says_how_to_go_on(world: World, podium: Podium) -> None:
    world.page_size = 50
    paused = an_experiment(state=ExperimentState.PAUSED, message="5 trials failed alike: no CUDA device")
    idle = paused.progress.model_copy(update={"runs_in_flight": 0})
    world.add(paused.model_copy(update={"progress": idle}))
    result = podium("watch", "digits")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        "podium: digits-k3f9 is paused: 5 trials failed alike: no CUDA device; "
        "continue it with: podium resume digits-k3f9, then podium watch digits-k3f9"
    )


def test_a_retry_that_waits_out_the_pause_ends_the_watch_too(world: World, podium: Podium) -> None:
    paused = an_experiment(
        state=ExperimentState.PAUSED, message="paused by a user", progress=a_progress(runs_in_flight=1)
    )
    world.add(paused)
    retry = an_attempt(2, state=AttemptState.PENDING, end_reason=None, exit_code=None)
    world.runs = [a_run(1), a_run(2, state=RunState.RUNNING, end_reason=None, attempts=[an_attempt(), retry])]
    result = podium("watch", "digits")
    assert result.exit_code == 1
    assert "podium: digits-k3f9 is paused by a user; continue it with: podium resume" in result.stderr


@pytest.mark.parametrize("state", [ExperimentState.COMPLETED, ExperimentState.STOPPED])
def test_an_experiment_that_found_nothing_is_summed_up_and_no_success(
    world: World, podium: Podium, state: ExperimentState
) -> None:
    world.add(ended(an_experiment()).model_copy(update={"state": state}))
    result = podium("watch", "digits")
    assert result.exit_code == 1
    assert "No trial reached full fidelity." in result.stdout
    assert result.stderr.splitlines()[-1] == ("podium: digits-k3f9 found nothing: no trial of it was trained in full")


def test_all_faults_of_a_file_are_printed_before_anything_is_sent(world: World, podium: Podium, tmp_path: Path) -> None:
    spec = {**SPEC, "name": "Not A Label", "budget": {"cost": 0.5}, "parallelism": 0}
    path = tmp_path / "bad.yaml"
    path.write_text(json.dumps(spec))
    result = podium("run", str(path))
    head, *faults = result.stderr.splitlines()
    assert result.exit_code == 2
    assert head == f"podium: {path} has 3 faults:"
    assert [fault.split(":")[0].strip() for fault in faults] == ["name", "budget", "parallelism"]
    assert faults[0] == (
        "  name: found 'Not A Label'; allowed: a DNS label of 1 to 36 lower-case letters, digits and dashes, "
        "a letter first and no dash last"
    )
    assert world.requests == []


def test_faults_that_only_the_server_sees_are_printed_too(world: World, podium: Podium, spec_file: Path) -> None:
    world.faults = [Fault(path="training.dataset", found="digits", allowed="what this cluster\nhas")]
    result = podium("run", str(spec_file))
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "podium: the spec has faults:",
        "  training.dataset: found 'digits'; allowed: what this cluster has",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (b"a: [1", "line 1"),
        (b"a: 1\na: 2", "line 2"),
        (b"- " * 1_500, "nested too deep"),
        (b"", "has 1 fault"),
        (b"- 1", "has 1 fault"),
        (b"- 2001-01-01", "has 1 fault"),
        (b"&a [*a]", "has 1 fault"),
    ],
)
def test_a_file_that_is_no_spec_is_one_clear_error(
    world: World, podium: Podium, tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "bad.yaml"
    if content is not None:
        path.write_bytes(content)
    result = podium("run", str(path))
    assert result.exit_code == 2
    assert message in result.stderr.splitlines()[0]
    assert all(line.startswith("  ") for line in result.stderr.splitlines()[1:])


def test_local_and_url_exclude_each_other(podium: Podium, spec_file: Path) -> None:
    result = podium("run", str(spec_file), "--local", "--url", "http://elsewhere")
    assert (result.exit_code, result.stderr) == (
        2,
        "podium: --local starts a controller of its own; leave out --url\n",
    )


def test_ls_lists_all_pages_and_never_cuts_an_id(world: World, podium: Podium, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [f"a-rather-long-name-of-forty-characters-abc-{n:04}" for n in range(5)]
    for identity in ids:
        world.add(an_experiment(id=identity))
    monkeypatch.setenv("COLUMNS", "60")
    result = podium("ls")
    assert result.exit_code == 0
    assert [identity for identity in ids if identity in result.stdout] == ids


def test_ls_filters_by_state_and_name(world: World, podium: Podium) -> None:
    world.add(an_experiment())
    world.add(ended(an_experiment(id="cars-aaaa", name="cars")))
    assert "digits-k3f9" not in podium("ls", "--state", "completed").stdout
    assert "cars-aaaa" in podium("ls", "--state", "completed").stdout
    assert "cars-aaaa" not in podium("ls", "--name", "digits").stdout


def test_show_tells_progress_and_troubles(world: World, podium: Podium) -> None:
    world.add(an_experiment())
    lost = an_attempt(end_reason=EndReason.PREEMPTED, exit_code=75, detail="the worker was killed; attempt 2 follows")
    told = a_run(2, trial=5, attempts=[lost], explanation="was preempted once; attempt 2 continues from epoch 7")
    world.runs = [a_run(attempts=[lost]), told]
    result = podium("show", "digits")
    assert result.exit_code == 0
    assert "4.00 of 12 full trainings" in result.stdout
    assert "trial 4: attempt 1 digits-k3f9-t4-e8-a1 preempted (exit 75): the worker was killed" in result.stdout
    assert "trial 5: was preempted once; attempt 2 continues from epoch 7" in result.stdout


def test_best_as_yaml_is_a_configuration_to_paste(world: World, podium: Podium) -> None:
    world.add(an_experiment())
    world.trials = [a_trial()]
    result = podium("best", "digits-k3f9", "--yaml")
    assert (result.exit_code, result.stdout) == (0, "learning_rate: 0.0321\nnesterov: false\n")
    assert "best (trial 4)" in podium("best", "digits-k3f9").stdout


def test_of_several_objectives_best_shows_the_front(world: World, podium: Podium) -> None:
    spec = parse_spec(spec_document(other_objectives=[{"metric": "latency_ms", "direction": "minimize"}]))
    world.add(an_experiment(spec=spec))
    world.trials = [
        a_trial(metrics={"val_accuracy": 0.98, "latency_ms": 12.5}),
        a_trial(7, metrics={"latency_ms": 8.0}),
    ]
    shown = podium("best", "digits").stdout
    assert "best (trial 4)" in shown
    assert "12.5" in shown
    assert [line.split()[0] for line in shown.splitlines()[-2:]] == ["4", "7"]


def test_a_value_that_looks_like_markup_is_printed_as_it_is(world: World, podium: Podium) -> None:
    world.add(an_experiment())
    world.trials = [a_trial(configuration={"optimizer": "[bold]adam[/red] :smile:"})]
    assert "[bold]adam[/red] :smile:" in podium("best", "digits").stdout


def test_best_before_any_full_training_is_refused_in_the_servers_words(world: World, podium: Podium) -> None:
    world.add(an_experiment())
    result = podium("best", "digits-k3f9")
    assert (result.exit_code, result.stderr) == (1, "podium: digits-k3f9 has no trial at full fidelity yet\n")


def test_trials_and_trial_show_configurations_and_attempts(world: World, podium: Podium) -> None:
    world.add(an_experiment())
    world.trials = [a_trial(1, is_baseline=True, reached_epoch=1), a_trial(2, reached_epoch=1), a_trial()]
    world.runs = [a_run()]
    listed = podium("trials", "digits").stdout
    assert "1 (baseline)" in listed
    assert listed.count("learning_rate=0.0321 nesterov=false") == 3
    assert "attempt 1 digits-k3f9-t4-e8-a1 succeeded (exit 0)" in podium("trial", "digits", "4").stdout
    missing = podium("trial", "digits", "7")
    assert (missing.exit_code, missing.stderr) == (1, "podium: digits-k3f9 has no trial 7\n")


def test_an_unknown_experiment_and_an_ambiguous_name_are_one_line(world: World, podium: Podium) -> None:
    world.add(an_experiment(id="digits-0001"))
    world.add(an_experiment(id="digits-0002"))
    unknown, ambiguous = podium("show", "cars"), podium("show", "digits")
    assert (unknown.exit_code, unknown.stderr) == (1, "podium: there is no experiment cars\n")
    assert ambiguous.exit_code == 1
    assert ambiguous.stderr == (
        "podium: 2 experiments are named digits; name one by its id: digits-0001, digits-0002\n"
    )


@pytest.mark.parametrize(
    "arguments", [["show"], ["nonsense"], ["ls", "--nonsense"], ["ls", "--state", "x"], ["trial", "a", "b"]]
)
def test_wrong_usage_is_one_line_and_exit_2(podium: Podium, arguments: list[str]) -> None:
    result = podium(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("podium: ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["ls", "--state", "over"], "'over' is not one of 'running'"),
        (["trial", "digits", "one"], "'TRIAL': it must be a valid integer"),
        (["tokens", "create", "ci", "--days", "0"], "'--days': it must be greater than or equal to 1"),
    ],
)
def test_a_wrong_value_is_told_in_plain_words(podium: Podium, arguments: list[str], told: str) -> None:
    result = podium(*arguments)
    assert result.exit_code == 2
    assert told in result.stderr
    assert "Value error" not in result.stderr
    assert "parse" not in result.stderr


def test_nobody_there_is_one_line_with_the_remedy(podium: Podium) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    result = podium("ls", "--url", f"http://127.0.0.1:{port}")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"podium: nothing answers at http://127.0.0.1:{port}: [Errno 111] Connection refused; "
        "name a controller with --url, PODIUM_URL or podium login, or start one with podium-controller up\n"
    )


def test_no_color_is_respected_where_color_is_forced(
    world: World, podium: Podium, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(an_experiment())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[32m" in podium("ls").stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[32m" not in podium("ls").stdout


def test_without_a_command_there_is_help(podium: Podium) -> None:
    result = podium()
    assert result.exit_code == 0
    assert all(name in result.stdout for name in ("run", "watch", "ls", "export", "change", "delete"))
    assert podium("--version").stdout.startswith("podium ")
