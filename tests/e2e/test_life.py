"""The life of a release as a user leads it: install, test, an experiment, an upgrade in its middle, uninstall.

The tests go through that life in the order of this file; each needs the ones before it.
"""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from podium.sdk import Trial
from podium.tuning import real, tune
from tests.chart.restricted import restricted_faults
from tests.e2e.books import GONE_SECONDS, check_books
from tests.e2e.conftest import NEXT_TAG, released
from tests.e2e.installation import API, OURS, RELEASE, Installation, stub_spec
from tests.e2e.nodes import Node
from tests.e2e.shell import run
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def podium(node: Node, images: str) -> Iterator[Installation]:
    """A release of its own: it ends here."""
    yield from released(Installation(node, "podium-e2e-life", images))


def test_the_notes_name_the_next_commands(podium: Installation) -> None:
    notes = podium.helm("get", "notes", RELEASE)
    assert "port-forward" in notes
    assert "podium run" in notes
    assert podium.http.get("/readyz").json() == {"status": "ready"}


def test_every_part_starts_without_a_restart(podium: Installation) -> None:
    for pod in podium.objects("pods", f"app.kubernetes.io/instance={RELEASE}"):
        counts = {each["name"]: each["restartCount"] for each in pod["status"].get("containerStatuses", [])}
        assert set(counts.values()) <= {0}, (pod["metadata"]["name"], counts)


def test_helm_test_trains_for_real(podium: Installation) -> None:
    """Two trials of a ResNet-18 with the worker's image, from the command line to a best trial."""
    output = podium.helm("test", RELEASE, "--timeout", "9m", "--logs")
    assert "Phase:          Succeeded" in output
    wait_for(lambda: podium.names("jobs", OURS) == [], "its Jobs are gone", GONE_SECONDS)


def test_an_experiment_posted_with_curl_is_seen_as_jobs_and_read_back(podium: Installation) -> None:
    authorization = f"Authorization: Bearer {podium.token}"
    command = ("curl", "--silent", "--show-error", "--fail-with-body", "--header", authorization)
    spec = json.dumps(stub_spec(podium.image("controller")))
    with jobs_seen(podium) as lines:
        posted = run(
            *command, "--header", "Content-Type: application/json", "--data-binary", "@-", podium.url + API, stdin=spec
        )
        experiment_id = json.loads(posted)["id"]
        podium.wait_until(experiment_id, "completed")
    read = json.loads(run(*command, f"{podium.url}{API}/{experiment_id}"))
    assert read["progress"]["best_value"] > 0.5

    header, *rows = lines
    assert header.split()[-2:] == ["TRIAL", "EPOCHS"]
    seen = {(row.split()[0], *row.split()[-2:]) for row in rows if row.startswith("chaos-")}
    attempts = {attempt["job"] for attempt in podium.all_of(f"{experiment_id}/attempts")}
    assert {name for name, *_ in seen} == attempts, "kubectl get jobs -w shows every attempt"
    for name, trial, epochs in seen:
        assert f"-t{trial}-e{epochs}-a" in name
    check_books(podium, experiment_id)


def test_a_function_of_this_process_is_trained_in_jobs(podium: Installation) -> None:
    host = socket.gethostname()

    def train(trial: Trial) -> None:
        for epoch in trial.epochs():
            trial.report(epoch=epoch, score=float(trial.parameters["x"]), is_here=float(socket.gethostname() == host))

    version = "import sys; print(sys.version_info[:2])"
    theirs = podium.inside_reconciler("python", "-c", version).strip()
    if theirs != str(sys.version_info[:2]):
        pytest.skip(f"the images have Python {theirs}, this is {sys.version_info[:2]}: functions do not travel so")
    study = tune(
        train,
        {"x": real(0, 1)},
        objective="score",
        epochs=3,
        budget=3,
        parallelism=2,
        image=podium.image("worker"),
        pod={"resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}}},
        url=podium.url,
        token=podium.token,
        progress=False,
    )
    assert study.experiment.state == "completed"
    assert study.best is not None
    assert study.best_value == study.best_parameters["x"]
    trials = [podium.get(f"{study.experiment.id}/trials/{trial}") for trial in range(1, study.best.number + 1)]
    assert {each["metrics"]["is_here"] for trial in trials for each in trial["measurements"]} == {0.0}
    wait_for(lambda: podium.names("jobs", OURS) == [], "its Jobs are gone", GONE_SECONDS)


class jobs_seen:  # noqa: N801  # read as a verb after `with`
    """The lines of `kubectl get jobs -w` while a block runs."""

    def __init__(self, podium: Installation) -> None:
        self._podium = podium
        self._lines: list[str] = []

    def __enter__(self) -> list[str]:
        command = ["kubectl", "--kubeconfig", self._podium.node.kubeconfig, "--namespace", self._podium.namespace]
        command += ["get", "jobs", "--watch", "--label-columns", "podium.dev/trial,podium.dev/epochs"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        return self._lines

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._thread.join()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        self._lines.extend(line.rstrip() for line in self._process.stdout)


def test_no_pod_asks_for_more_than_restricted_allows(podium: Installation) -> None:
    experiment_id = podium.create(budget={"cost": 1.0}, env={"EPOCH_SECONDS": "3"})
    wait_for(lambda: len(podium.names("pods", OURS)) > 0, "a worker's Pod is there")
    pods = podium.objects("pods")
    assert {pod["metadata"]["name"]: restricted_faults(pod) for pod in pods if restricted_faults(pod)} == {}
    podium.wait_until(experiment_id, "completed")


def test_sigterm_ends_each_part_with_exit_code_0(podium: Installation) -> None:
    """Python is the first process of its container, and listens."""
    for component in ("api", "reconciler"):
        pod = podium.pods_of(component)[0]
        podium.node.signal("TERM", podium.namespace, pod)

        wait_for(lambda pod=pod: exit_codes(podium, pod) != [], f"{pod} ends", 30)  # type: ignore[misc]  # a default binds it
        assert exit_codes(podium, pod) == [0]
    wait_for(podium.is_ready, "the API serves")


def exit_codes(podium: Installation, pod: str) -> list[int]:
    """Return how the containers of a Pod ended before their last start."""
    (found,) = (each for each in podium.objects("pods") if each["metadata"]["name"] == pod)
    ends = [status["lastState"].get("terminated") for status in found["status"]["containerStatuses"]]
    return [end["exitCode"] for end in ends if end]


def test_an_upgrade_in_the_middle_of_an_experiment_loses_nothing(podium: Installation) -> None:
    keys = [podium.secret(f"{RELEASE}-auth", key) for key in ("admin-token", "secret-key")]
    password = podium.secret(f"{RELEASE}-postgres", "password")
    experiment_id = podium.create(budget={"cost": 100.0}, env={"EPOCH_SECONDS": "1.5"})
    wait_for(lambda: len(podium.diary(experiment_id)) >= 2, "workers train")

    podium.tag = NEXT_TAG
    podium.upgrade("--set", "reconciler.resyncSeconds=15", "--set", "api.replicas=3")
    assert len(podium.pods_of("api")) == 3
    assert podium.images_of("reconciler") == {podium.image("controller")}, "the new ones, whose tag is another"
    assert [podium.secret(f"{RELEASE}-auth", key) for key in ("admin-token", "secret-key")] == keys
    assert podium.secret(f"{RELEASE}-postgres", "password") == password

    podium.finish(experiment_id)
    attempts = podium.all_of(f"{experiment_id}/attempts")
    assert {attempt["number"] for attempt in attempts} == {1}, "no worker was disturbed"
    check_books(podium, experiment_id)


def test_an_uninstall_in_the_middle_of_an_experiment_leaves_the_data_and_nothing_else(podium: Installation) -> None:
    podium.create(budget={"cost": 2.0}, env={"EPOCH_SECONDS": "3"})
    wait_for(lambda: len(podium.names("pods", OURS)) == 3, "workers run")
    podium.helm("uninstall", RELEASE, "--wait", "--timeout", "3m")
    for kind in ("jobs", "pods", "deployments", "statefulsets", "services", "configmaps", "roles", "rolebindings"):
        leftover = f"no {kind} of ours are left"
        wait_for(lambda kind=kind: ours(podium, kind) == [], leftover, GONE_SECONDS)  # type: ignore[misc]  # a default binds it
    assert set(podium.names("pvc")) == {f"{RELEASE}-artifacts", f"data-{RELEASE}-postgres-0"}
    kept = [name for name in podium.names("secrets") if "token" not in name and not name.startswith("sh.helm")]
    assert kept == [f"{RELEASE}-postgres"], "the password goes with the data"


def ours(podium: Installation, kind: str) -> list[str]:
    # every namespace of a newer Kubernetes has this ConfigMap of its own
    return [name for name in podium.names(kind) if name != "kube-root-ca.crt"]


def test_the_data_is_found_again_by_the_next_install(podium: Installation) -> None:
    podium.install()
    interrupted = podium.http.get(API).json()["items"][0]
    assert interrupted["state"] in ("running", "completed"), "what was under way goes on, or is done already"
    podium.wait_until(interrupted["id"], "completed")
    check_books(podium, interrupted["id"], repeated_epochs=3)
    experiment_id = podium.create(budget={"cost": 1.0})
    podium.wait_until(experiment_id, "completed")
    check_books(podium, experiment_id)
