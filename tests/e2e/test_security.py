"""What each party may not do, tried for real."""

import base64
import json

import httpx2
import pytest

from tests.e2e.books import GONE_SECONDS
from tests.e2e.installation import API, OURS, Installation
from tests.waiting import wait_for

TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"


@pytest.fixture(scope="module")
def experiment_id(podium: Installation) -> str:
    """An experiment whose workers stay long enough to be impersonated."""
    created = podium.create(env={"EPOCH_SECONDS": "20"}, parallelism=2)
    wait_for(lambda: len(podium.names("secrets", OURS)) == 2, "two run tokens are there")
    return created


@pytest.fixture(scope="module")
def run_token(podium: Installation, experiment_id: str) -> str:
    secret = podium.objects("secrets", OURS)[0]
    return base64.b64decode(secret["data"]["token"]).decode()


def test_the_reconciler_reads_no_secret(podium: Installation) -> None:
    """Asked with the very token that its Pod holds."""
    pod = podium.pods_of("reconciler")[0]
    script = f"""
import json, ssl, urllib.error, urllib.request
token = open("{TOKEN}").read()
context = ssl.create_default_context(cafile="{TOKEN.replace("token", "ca.crt")}")
def ask(method, path, body=None):
    request = urllib.request.Request("https://kubernetes.default.svc" + path, method=method, data=body,
        headers={{"Authorization": "Bearer " + token, "Content-Type": "application/json"}})
    try:
        return urllib.request.urlopen(request, context=context).status
    except urllib.error.HTTPError as error:
        return error.code
here = "/api/v1/namespaces/{podium.namespace}"
print(json.dumps({{
    "pods": ask("GET", here + "/pods"),
    "secrets": ask("GET", here + "/secrets"),
    "watch": ask("GET", here + "/secrets?watch=1"),
    "own": ask("GET", here + "/secrets/podium-auth"),
    "everywhere": ask("GET", "/api/v1/secrets"),
    "other namespace": ask("GET", "/apis/batch/v1/namespaces/default/jobs"),
    "exec": ask("POST", here + "/pods/{pod}/exec?command=id"),
    "patch": ask("PATCH", here + "/secrets/podium-auth", b"{{}}"),
    "remove": ask("DELETE", here + "/secrets/podium-auth"),
}}))
"""
    answers = json.loads(podium.kubectl("exec", pod, "--", "python", "-c", script))
    assert answers.pop("pods") == 200, "the token is good"
    assert set(answers.values()) == {403}, answers


def test_rights_are_those_of_the_role_and_no_more(podium: Installation) -> None:
    for account, secrets in (("podium-reconciler", "[create]"), ("podium-api", None), ("podium-worker", None)):
        user = f"--as=system:serviceaccount:{podium.namespace}:{account}"
        rows = [row.split() for row in podium.kubectl("auth", "can-i", "--list", user).splitlines()]
        found = {row[0]: row[-1] for row in rows if row and row[0] in ("secrets", "*.*", "jobs.batch", "pods")}
        assert found.get("secrets") == secrets
        assert "*.*" not in found
        if secrets is None:
            assert found == {}


def test_workers_hold_no_token_of_the_cluster(podium: Installation, experiment_id: str) -> None:
    pods = podium.objects("pods", OURS)
    assert len(pods) == 2
    for pod in pods:
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert pod["spec"]["serviceAccountName"] == "podium-worker"
        assert all("projected" not in volume for volume in pod["spec"]["volumes"])
    running = pods[0]["metadata"]["name"]
    podium.kubectl("wait", "--for=condition=Ready", "--timeout=60s", f"pod/{running}")
    assert podium.kubectl("exec", running, "--", "sh", "-c", f"ls {TOKEN} 2> /dev/null; true") == ""


def test_a_run_token_is_in_no_manifest_and_in_no_log(podium: Installation, run_token: str) -> None:
    for kind in ("jobs", "pods", "configmaps", "events"):
        assert run_token not in podium.kubectl("get", kind, "--output", "json")
    for component in ("api", "reconciler"):
        for pod in podium.pods_of(component):
            assert run_token not in podium.kubectl("logs", pod)


def test_a_workers_token_opens_its_own_attempt_and_nothing_else(
    podium: Installation, experiment_id: str, run_token: str
) -> None:
    with httpx2.Client(base_url=podium.url, headers={"Authorization": f"Bearer {run_token}"}) as worker:
        own = worker.get("/api/v1/run")
        assert own.status_code == 200, "the token is good"
        other = 2 if own.json()["trial"] == 1 else 1
        refused = [
            worker.get(API),
            worker.get(f"{API}/{experiment_id}"),
            worker.get(f"{API}/{experiment_id}/trials/{other}"),
            worker.post(API, json=podium.get(experiment_id)["spec"]),
            worker.post(f"{API}/{experiment_id}/stop"),
            worker.delete(f"{API}/{experiment_id}"),
        ]
        assert {answer.status_code for answer in refused} <= {401, 403}, [answer.status_code for answer in refused]


def test_nobody_reports_for_an_attempt_that_is_not_theirs(podium: Installation, run_token: str) -> None:
    """An attempt is named by its token alone: one that was changed, or signed by somebody else, is no token."""
    header, claims, signature = run_token.split(".")
    padded = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    another = json.dumps(padded | {"sub": padded["sub"][:-1] + "2"}).encode()
    forged = base64.urlsafe_b64encode(another).decode().rstrip("=")
    report = {"epoch": 1, "metrics": {"score": 1.0}, "seconds": 1.0}
    for token in (f"{header}.{forged}.{signature}", f"{header}.{forged}.", "none", podium.token):
        answer = httpx2.post(
            f"{podium.url}/api/v1/run/measurements", json=report, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code in (401, 403), (token[:10], answer.text)


def test_without_the_admin_token_nobody_gets_in(podium: Installation) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {podium.token}"}):
        assert httpx2.get(podium.url + API, headers=headers).status_code in (401, 403)
    assert httpx2.get(f"{podium.url}/healthz").status_code == 200, "probes bring no token"


def test_the_experiment_ends_and_leaves_nothing(podium: Installation, experiment_id: str) -> None:
    podium.http.post(f"{API}/{experiment_id}/stop").raise_for_status()
    wait_for(lambda: podium.names("jobs", OURS) == [], "no Job is left over", GONE_SECONDS)
    wait_for(lambda: podium.names("secrets", OURS) == [], "no run token is left over", GONE_SECONDS)
