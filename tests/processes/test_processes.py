"""Local processes as a cluster: the behaviour that all clusters share, and what only this machine can do to them."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from controller.cluster import Cluster
from controller.job_folder import JobFolder
from controller.plan import JobPhase
from controller.processes import ProcessCluster
from podium.taxonomy import EndReason
from tests.cluster_behaviour import BEHAVIOURS, command_request, ended, gone, request, told
from tests.waiting import wait_for

VANISHED = (JobPhase.FAILED, None, EndReason.PREEMPTED)
ENVIRONMENT = {"PATH": os.environ["PATH"]}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "jobs"
    yield folder
    for path in folder.glob("*/pid"):
        if JobFolder(path.parent).is_alive():
            os.killpg(int(path.read_text()), signal.SIGKILL)


@pytest.fixture
def cluster(folder: Path) -> Iterator[ProcessCluster]:
    cluster = a_cluster(folder)
    yield cluster
    cluster.close()


def a_cluster(folder: Path, grace_seconds: float = 10) -> ProcessCluster:
    return ProcessCluster(folder, environment=ENVIRONMENT, grace_seconds=grace_seconds, poll_seconds=0.05)


def leader_of(folder: Path, name: str = "trial-a1") -> psutil.Process:
    """Return the Job's own process, once it runs."""
    wait_for(lambda: JobFolder(folder / name).leader() is not None, f"the process id of {name}")
    return psutil.Process(JobFolder(folder / name).leader())


def has_ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.__name__)
def test_processes_behave_as_every_cluster_does(behaviour: Callable[[Cluster], None], cluster: ProcessCluster) -> None:
    behaviour(cluster)


def test_jobs_outlive_a_controller_that_is_killed(folder: Path) -> None:
    controller = subprocess.Popen([sys.executable, "-c", CONTROLLER, str(folder)], stdout=subprocess.PIPE)
    assert controller.stdout is not None
    assert controller.stdout.readline() == b"created\n"
    controller.kill()
    controller.wait()
    controller.stdout.close()
    successor = a_cluster(folder)
    assert successor.jobs()["trial-a1"].phase is JobPhase.ACTIVE
    successor.create_job(request("trial-a1", "exit 1"))
    (folder / "go").touch()
    assert ended(successor, "trial-a1").exit_code == 7


CONTROLLER = """
import sys, time, os
from pathlib import Path
from controller.jobs import AttemptKey, JobRequest
from controller.processes import ProcessCluster
folder = Path(sys.argv[1])
script = f"while [ ! -e {folder}/go ]; do sleep 0.05; done; exit 7"
ProcessCluster(folder, environment=os.environ).create_job(
    JobRequest(name="trial-a1", key=AttemptKey(experiment="trial", trial=1, epochs=1, attempt=1),
               command=("sh", "-c", script), env={}, token="t0ken"))
print("created", flush=True)
time.sleep(60)
"""


def test_a_job_whose_creator_died_before_starting_it_is_not_seen_and_can_be_created(
    folder: Path, cluster: ProcessCluster
) -> None:
    (folder / "trial-a1").mkdir()
    (folder / "trial-a1" / "lock").touch()
    assert cluster.jobs() == {}
    cluster.create_job(request("trial-a1", "exit 0"))
    assert ended(cluster, "trial-a1").phase is JobPhase.SUCCEEDED


def test_a_job_without_lock_or_exit_code_has_vanished_as_after_a_reboot(folder: Path, cluster: ProcessCluster) -> None:
    (folder / "trial-a1").mkdir()
    for name in ("lock", "started"):
        (folder / "trial-a1" / name).touch()
    assert told(cluster.jobs()["trial-a1"]) == VANISHED
    cluster.create_job(request("trial-a1", "exit 0"))
    assert told(cluster.jobs()["trial-a1"]) == VANISHED, "an attempt is never started twice"


def test_a_job_lives_on_without_its_guard_and_then_vanishes(folder: Path, cluster: ProcessCluster) -> None:
    cluster.create_job(request("trial-a1", "exec sleep 60"))
    leader = leader_of(folder)
    guard = leader.parent()
    assert guard is not None
    guard.kill()
    wait_for(lambda: has_ended(guard), "the guard's end")
    assert cluster.jobs()["trial-a1"].phase is JobPhase.ACTIVE
    leader.kill()
    assert told(ended(cluster, "trial-a1")) == VANISHED


def test_a_job_without_its_guard_can_be_deleted(folder: Path, cluster: ProcessCluster) -> None:
    cluster.create_job(request("trial-a1", "exec sleep 60"))
    leader = leader_of(folder)
    guard = leader.parent()
    assert guard is not None
    guard.kill()
    cluster.delete_job("trial-a1")
    gone(cluster, "trial-a1")
    assert has_ended(leader)


def test_a_killed_process_is_told_as_137_and_its_reason_left_open(folder: Path, cluster: ProcessCluster) -> None:
    cluster.create_job(request("trial-a1", "exec sleep 60"))
    leader_of(folder).kill()
    assert told(ended(cluster, "trial-a1")) == (JobPhase.FAILED, 137, None)


def test_an_end_is_told_as_of_when_it_came_however_late_one_looks(folder: Path, cluster: ProcessCluster) -> None:
    cluster.create_job(request("trial-a1", "exit 75"))
    ended(cluster, "trial-a1")
    for name, ago in (("started", 300), ("exit_code", 200)):
        os.utime(folder / "trial-a1" / name, (at := time.time() - ago, at))
    seen = cluster.jobs()["trial-a1"]
    assert seen.started_at is not None
    assert seen.ended_at is not None
    assert (seen.ended_at - seen.started_at).total_seconds() == pytest.approx(100, abs=0.01)


def test_of_one_that_went_down_with_its_machine_the_last_words_are_its_end(
    folder: Path, cluster: ProcessCluster
) -> None:
    (folder / "trial-a1").mkdir()
    for name, ago in (("lock", 300), ("started", 300), ("log", 100)):
        (folder / "trial-a1" / name).touch()
        os.utime(folder / "trial-a1" / name, (at := time.time() - ago, at))
    ended_at = cluster.jobs()["trial-a1"].ended_at
    assert ended_at is not None
    assert time.time() - ended_at.timestamp() == pytest.approx(100, abs=10)


def test_a_terminated_guard_passes_the_signal_on(folder: Path, cluster: ProcessCluster) -> None:
    cluster.create_job(request("trial-a1", "trap 'exit 75' TERM; echo ready; while :; do sleep 0.05; done"))
    wait_for(lambda: cluster.log_tail("trial-a1") == "ready", "the trap")
    guard = leader_of(folder).parent()
    assert guard is not None
    guard.terminate()
    assert ended(cluster, "trial-a1").exit_code == 75


def test_what_a_command_leaves_running_ends_with_it(folder: Path, cluster: ProcessCluster) -> None:
    cluster.create_job(request("trial-a1", "sleep 60 & echo $!"))
    ended(cluster, "trial-a1")
    child = int(cluster.log_tail("trial-a1"))
    wait_for(lambda: not psutil.pid_exists(child) or has_ended(psutil.Process(child)), "the child's end")


def test_a_job_that_ignores_sigterm_is_killed_with_its_children_after_the_grace_period(folder: Path) -> None:
    cluster = a_cluster(folder, grace_seconds=0.5)
    cluster.create_job(request("trial-a1", "trap '' TERM; echo ready; while :; do sleep 0.05; done"))
    wait_for(lambda: cluster.log_tail("trial-a1") == "ready", "the trap")
    started = time.monotonic()
    cluster.delete_job("trial-a1")
    gone(cluster, "trial-a1")
    assert 0.5 <= time.monotonic() - started < 5


def test_a_deletion_is_finished_by_the_next_controller(folder: Path) -> None:
    first = a_cluster(folder, grace_seconds=0.3)
    first.create_job(request("trial-a1", "trap '' TERM; echo ready; while :; do sleep 0.05; done"))
    wait_for(lambda: first.log_tail("trial-a1") == "ready", "the trap")
    leader = leader_of(folder)
    first.delete_job("trial-a1")
    second = a_cluster(folder, grace_seconds=60)
    second.watch(lambda: None)
    wait_for(lambda: not (folder / "trial-a1").exists(), "the removal, by the watch alone")
    assert has_ended(leader)
    second.close()


def test_a_job_is_deleted_before_its_guard_is_awake(folder: Path, cluster: ProcessCluster) -> None:
    for _ in range(5):
        cluster.create_job(request("trial-a1", "exec sleep 60"))
        cluster.delete_job("trial-a1")
        gone(cluster, "trial-a1")


def test_the_controllers_secrets_do_not_reach_a_job(folder: Path) -> None:
    secrets = {"PODIUM_DATABASE_URL": "postgresql://s3cret", "PODIUM_SECRET_KEY": "s3cret", "SUPER_PATH": "s3cret"}
    cluster = ProcessCluster(folder, environment={**ENVIRONMENT, **secrets, "LC_ALL": "C"}, cpus_per_job=3)
    cluster.create_job(command_request("trial-a1", "env"))
    ended(cluster, "trial-a1")
    seen = dict(line.split("=", 1) for line in cluster.log_tail("trial-a1").splitlines())
    told = {"OMP_NUM_THREADS": "3", "PODIUM_PROCESSES": "1", "PODIUM_RUN_TOKEN": "t0ken"}
    assert seen == {**ENVIRONMENT, "LC_ALL": "C", "PYTHONUNBUFFERED": "1", **told}


def test_a_token_is_not_on_the_disk(folder: Path, cluster: ProcessCluster) -> None:
    cluster.create_job(request("trial-a1", "exec sleep 60", PODIUM_RUN_TOKEN="t0ken"))
    leader_of(folder)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) >= 3
    assert not [path for path in files if b"t0ken" in path.read_bytes()]


def test_python_is_the_controllers_own(cluster: ProcessCluster) -> None:
    cluster.create_job(command_request("trial-a1", "python", "-c", "import sys; print(sys.prefix)"))
    ended(cluster, "trial-a1")
    assert cluster.log_tail("trial-a1") == sys.prefix


def test_a_command_that_does_not_exist_fails_and_says_so(cluster: ProcessCluster) -> None:
    cluster.create_job(command_request("trial-a1", "no-such-program"))
    assert ended(cluster, "trial-a1").exit_code == 127
    assert cluster.log_tail("trial-a1") == "no-such-program: No such file or directory"


@pytest.mark.parametrize("name", ["..", "a/b", "", "Trial", "-a", "x" * 64])
def test_a_name_that_is_no_dns_label_is_refused(name: str, cluster: ProcessCluster) -> None:
    with pytest.raises(ValueError, match="DNS label"):
        cluster.create_job(request(name, "exit 0"))
    with pytest.raises(ValueError, match="DNS label"):
        cluster.delete_job(name)


def test_no_zombies_stay(cluster: ProcessCluster) -> None:
    others = set(psutil.Process().children())
    cluster.watch(lambda: None)
    for number in range(3):
        cluster.create_job(request(f"trial-a{number}", "sleep 0.3"))
    assert len(set(psutil.Process().children()) - others) == 3
    wait_for(lambda: not set(psutil.Process().children()) - others, "the guards to be reaped, by the watch alone")


def test_looking_never_disturbs_a_start(cluster: ProcessCluster) -> None:
    done = threading.Event()
    looking = threading.Thread(target=lambda: [cluster.jobs() for _ in iter(done.is_set, True)])
    looking.start()
    for number in range(10):
        cluster.create_job(request(f"trial-a{number}", "exit 0"))
        assert f"trial-a{number}" in cluster.jobs()
    done.set()
    looking.join()
    assert {ended(cluster, f"trial-a{number}").exit_code for number in range(10)} == {0}
