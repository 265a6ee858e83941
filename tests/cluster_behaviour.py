"""What every cluster does, said once. A test module of each implementation runs all of it against the real thing."""

import time
from collections.abc import Callable
from threading import Event

from controller.cluster import Cluster
from controller.jobs import AttemptKey, JobRequest
from controller.plan import JobPhase, SeenJob
from podium.pod import PodShape
from podium.taxonomy import EndReason
from tests.waiting import PATIENCE_SECONDS, wait_for

GONE_AT_ONCE_SECONDS = 180.0
"""A Job deleted while its Pod starts: an old kubelet waits two minutes for the Secret that went at the same moment."""
IMAGE = "docker.io/library/python:3.11-slim-bookworm"
SHAPE = PodShape(image=IMAGE, imagePullPolicy="IfNotPresent", sharedMemory="16Mi", terminationGracePeriodSeconds=3)
"""For clusters that have Pods."""


def request(name: str, script: str, **env: str) -> JobRequest:
    """Ask for a Job that runs a POSIX shell script."""
    return command_request(name, "sh", "-c", script, **env)


def command_request(name: str, *command: str, **env: str) -> JobRequest:
    key = AttemptKey(experiment="trial", trial=1, epochs=1, attempt=1)
    return JobRequest(name=name, key=key, command=command, env=env, token="t0ken", pod=SHAPE)


def told(job: SeenJob) -> tuple[JobPhase, int | None, EndReason | None]:
    """Return what every cluster says of a Job; where and since when it runs is for some to know."""
    return job.phase, job.exit_code, job.reason


def ended(cluster: Cluster, name: str) -> SeenJob:
    """Return the Job as it is seen when it is over."""
    wait_for(lambda: cluster.jobs()[name].phase is not JobPhase.ACTIVE, f"the end of {name}")
    return cluster.jobs()[name]


def gone(cluster: Cluster, name: str, *, within_seconds: float = PATIENCE_SECONDS) -> None:
    wait_for(lambda: name not in cluster.jobs(), f"{name} to be gone", within_seconds=within_seconds)


def a_new_cluster_has_no_jobs(cluster: Cluster) -> None:
    assert cluster.jobs() == {}


def a_job_is_seen_active_at_once_and_succeeded_at_its_end(cluster: Cluster) -> None:
    cluster.create_job(request("trial-a1", "sleep 0.3"))
    assert cluster.jobs().keys() == {"trial-a1"}
    assert told(cluster.jobs()["trial-a1"]) == (JobPhase.ACTIVE, None, None)
    assert told(ended(cluster, "trial-a1")) == (JobPhase.SUCCEEDED, 0, None)


def a_failed_job_keeps_its_exit_code(cluster: Cluster) -> None:
    cluster.create_job(request("trial-a1", "exit 65"))
    assert told(ended(cluster, "trial-a1")) == (JobPhase.FAILED, 65, None)


def creating_twice_runs_once(cluster: Cluster) -> None:
    for _ in range(3):
        cluster.create_job(request("trial-a1", "echo ran; sleep 0.2"))
    ended(cluster, "trial-a1")
    cluster.create_job(request("trial-a1", "echo ran again"))
    assert cluster.jobs()["trial-a1"].phase is JobPhase.SUCCEEDED
    assert cluster.log_tail("trial-a1") == "ran"


def a_job_gets_its_token_and_the_environment_it_asked_for(cluster: Cluster) -> None:
    script = 'echo "color $COLOR, token ${PODIUM_RUN_TOKEN:-$(cat "$PODIUM_RUN_TOKEN_FILE")}"'
    cluster.create_job(request("trial-a1", script, COLOR="green"))
    ended(cluster, "trial-a1")
    assert cluster.log_tail("trial-a1") == "color green, token t0ken"


def a_command_and_its_environment_mean_themselves(cluster: Cluster) -> None:
    price, script = "$(COLOR) $$ $5", 'test "$PRICE" = "\\$(COLOR) \\$\\$ \\$5" && echo $(echo "it $((3 + 4))" "$$")'
    cluster.create_job(request("trial-a1", f"{script} | sed 's/[0-9]*$/pid/'", PRICE=price, COLOR="green"))
    ended(cluster, "trial-a1")
    assert cluster.log_tail("trial-a1") == "it 7 pid"


def the_log_tail_is_short_and_holds_both_streams(cluster: Cluster) -> None:
    cluster.create_job(request("trial-a1", "for i in $(seq 500); do echo line $i; done; sleep 0.3; echo sorry >&2"))
    ended(cluster, "trial-a1")
    lines = cluster.log_tail("trial-a1").splitlines()
    assert lines[-2:] == ["line 500", "sorry"]
    assert len(lines) <= 50


def the_log_of_a_job_that_does_not_exist_is_empty(cluster: Cluster) -> None:
    assert cluster.log_tail("trial-a1") == ""


def deleting_asks_a_job_to_end_before_it_is_made_to(cluster: Cluster) -> None:
    cluster.create_job(request("trial-a1", "trap 'sleep 1; exit 75' TERM; echo ready; while :; do sleep 0.05; done"))
    wait_for(lambda: cluster.log_tail("trial-a1") == "ready", "the trap")
    started = time.monotonic()
    cluster.delete_job("trial-a1")
    assert time.monotonic() - started < 1, "deleting must not wait for the Job's end"
    assert told(cluster.jobs()["trial-a1"]) == (JobPhase.ACTIVE, None, None)
    gone(cluster, "trial-a1")


def a_deleted_job_never_comes_back(cluster: Cluster) -> None:
    cluster.create_job(request("trial-a1", "sleep 60"))
    cluster.delete_job("trial-a1")
    gone(cluster, "trial-a1", within_seconds=GONE_AT_ONCE_SECONDS)
    time.sleep(0.3)
    assert cluster.jobs() == {}


def an_ended_job_stays_until_it_is_deleted(cluster: Cluster) -> None:
    cluster.create_job(request("trial-a1", "exit 1"))
    ended(cluster, "trial-a1")
    assert "trial-a1" in cluster.jobs()
    cluster.delete_job("trial-a1")
    gone(cluster, "trial-a1")


def deleting_twice_or_what_never_was_is_no_error(cluster: Cluster) -> None:
    cluster.delete_job("trial-a1")
    cluster.create_job(request("trial-a1", "sleep 60"))
    cluster.delete_job("trial-a1")
    cluster.delete_job("trial-a1")
    gone(cluster, "trial-a1", within_seconds=GONE_AT_ONCE_SECONDS)
    cluster.delete_job("trial-a1")


def deleting_one_job_leaves_the_others_alone(cluster: Cluster) -> None:
    cluster.create_job(request("trial-a1", "echo ready; sleep 60"))
    cluster.create_job(request("trial-b1", "sleep 0.5"))
    wait_for(lambda: cluster.log_tail("trial-a1") == "ready", "the start")
    cluster.delete_job("trial-a1")
    gone(cluster, "trial-a1")
    assert ended(cluster, "trial-b1").exit_code == 0


def the_watch_wakes_when_a_job_ends(cluster: Cluster) -> None:
    woken = Event()
    cluster.create_job(request("trial-a1", "sleep 0.5; exit 3"))
    cluster.watch(woken.set)
    wait_for(lambda: woken.is_set() and cluster.jobs()["trial-a1"].exit_code == 3, "the wake after the end")
    woken.clear()
    cluster.delete_job("trial-a1")
    assert woken.wait(PATIENCE_SECONDS)


BEHAVIOURS: tuple[Callable[[Cluster], None], ...] = (
    a_new_cluster_has_no_jobs,
    a_job_is_seen_active_at_once_and_succeeded_at_its_end,
    a_failed_job_keeps_its_exit_code,
    a_command_and_its_environment_mean_themselves,
    creating_twice_runs_once,
    a_job_gets_its_token_and_the_environment_it_asked_for,
    the_log_tail_is_short_and_holds_both_streams,
    the_log_of_a_job_that_does_not_exist_is_empty,
    deleting_asks_a_job_to_end_before_it_is_made_to,
    a_deleted_job_never_comes_back,
    an_ended_job_stays_until_it_is_deleted,
    deleting_twice_or_what_never_was_is_no_error,
    deleting_one_job_leaves_the_others_alone,
    the_watch_wakes_when_a_job_ends,
)
