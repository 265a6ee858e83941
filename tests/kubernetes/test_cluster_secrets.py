"""The Secret with a Job's token: it belongs to its Job, and a Job that cannot have it is taken back."""

import pytest

from controller.cluster import JobRefused
from controller.kubernetes.cluster import KubernetesCluster
from tests.cluster_behaviour import request
from tests.kubernetes.api_server import Answer, ApiServer, Request
from tests.kubernetes.serverside import HOUSE, QUICK, deleted, refusing


def test_a_new_job_gets_its_own_secret_once_that_of_an_old_one_is_gone(
    server: ApiServer, cluster: KubernetesCluster
) -> None:
    server.put("secrets", {"metadata": {"name": "trial-a1"}})
    for _ in range(3):
        with pytest.raises(OSError, match="may be an earlier Job's"):
            cluster.create_job(request("trial-a1", "exit 0"))
        assert set(cluster.jobs()) == {"trial-a1"}
    server.remove("secrets", "trial-a1")
    cluster.create_job(request("trial-a1", "exit 0"))
    (reference,) = server.get("secrets", "trial-a1")["metadata"]["ownerReferences"]
    assert reference["uid"] == server.get("jobs", "trial-a1")["metadata"]["uid"]
    cluster.create_job(request("trial-a1", "exit 0"))
    assert deleted(server) == []


def test_a_job_that_another_controller_gave_its_secret_stays(
    server: ApiServer, cluster: KubernetesCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = KubernetesCluster(server.api(), HOUSE, timing=QUICK)
    turns = iter(["first"])

    def be_quicker(asked: Request) -> None:
        if (asked.method, asked.kind) == ("POST", "secrets") and next(turns, None):
            other.create_job(request("trial-a1", "exit 0"))

    server.rule = be_quicker
    with pytest.raises(OSError, match="may be an earlier Job's"):
        cluster.create_job(request("trial-a1", "exit 0"))
    other.create_job(request("trial-a1", "exit 0"))
    monkeypatch.setattr("controller.kubernetes.cluster.DOUBT_SECONDS", 0.0)
    cluster.create_job(request("trial-a1", "exit 0"))
    assert deleted(server) == []
    assert server.names("jobs") == server.names("secrets") == {"trial-a1"}
    other.close()


def test_a_job_that_exists_is_not_taken_back_for_want_of_a_second_secret(
    server: ApiServer, cluster: KubernetesCluster
) -> None:
    cluster.create_job(request("trial-a1", "exit 0"))
    server.rule = refusing("secrets", Answer(403, "exceeded quota: count/secrets"))  # checked before what exists
    with pytest.raises(JobRefused, match="exceeded quota"):
        cluster.create_job(request("trial-a1", "exit 0"))
    assert deleted(server) == []


def test_a_job_whose_secret_is_refused_is_taken_back(server: ApiServer, cluster: KubernetesCluster) -> None:
    server.rule = refusing("secrets", Answer(403, "exceeded quota: count/secrets"))
    with pytest.raises(JobRefused, match="exceeded quota"):
        cluster.create_job(request("trial-a1", "exit 0"))
    assert server.names("jobs") == set()
