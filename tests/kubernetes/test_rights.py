"""What Podium may do, asked of an API server that answers reviews."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from controller.doctor import store_finding, tell
from controller.kubernetes.rights import RIGHTS, cluster_findings, devices
from podium.diagnosis import Verdict
from tests.kubernetes.api_server import Answer, ApiServer, Request

ROLE = Path(__file__).parents[2] / "charts" / "podium" / "templates" / "reconciler" / "role.yaml"


def answering(
    server: ApiServer, *forbidden: tuple[str, str], nodes: bytes | None = None, claims: bytes | None = None
) -> None:
    def rule(request: Request) -> Answer | None:
        if request.name.endswith("selfsubjectaccessreviews"):
            asked = request.body["spec"]["resourceAttributes"]
            assert asked["namespace"]
            resource = "/".join(filter(None, (asked["resource"], asked.get("subresource"))))
            allowed = (asked["verb"], resource) not in forbidden
            return Answer(text=b'{"status": {"allowed": %s}}' % (b"true" if allowed else b"false"))
        if request.name.endswith("v1/nodes"):
            return Answer(403, "nodes is forbidden") if nodes is None else Answer(text=nodes)
        if request.kind == "persistentvolumeclaims" or request.name.endswith("storageclasses"):
            return Answer(403, "forbidden") if claims is None else Answer(text=claims)
        return None

    server.rule = rule


def test_all_is_allowed_and_nodes_are_not_ours_to_see(server: ApiServer) -> None:
    answering(server)
    found = {finding.name: finding.verdict for finding in cluster_findings(server.api())}
    assert found == {
        "cluster": Verdict.OK,
        "rights": Verdict.OK,
        "devices": Verdict.UNKNOWN,
        "storage": Verdict.UNKNOWN,
    }
    assert len(server.requests) == 3 + sum(len(verbs) for _, _, verbs in RIGHTS)


def test_what_is_not_allowed_is_named(server: ApiServer) -> None:
    answering(server, ("create", "secrets"), ("get", "pods/log"), nodes=b'{"items": []}')
    found = {finding.name: finding for finding in cluster_findings(server.api())}
    assert found["rights"].verdict is Verdict.FAILED
    assert found["rights"].found == "not allowed: get pods/log, create secrets"
    assert found["devices"].verdict is Verdict.WARNING


def test_devices_are_counted(server: ApiServer) -> None:
    node = b'{"status": {"allocatable": {"cpu": "8", "nvidia.com/gpu": "4", "hugepages-2Mi": "0"}}}'
    answering(server, nodes=b'{"items": [%s, %s]}' % (node, node))
    assert "8 nvidia.com/gpu on 2 nodes" in [finding.found for finding in cluster_findings(server.api())]
    assert devices([{"nvidia.com/mig-1g.5gb": "7", "nvidia.com/gpu": "0"}]) == {"nvidia.com/mig-1g.5gb": 7}


def test_claims_and_classes_are_looked_at_where_they_may_be(server: ApiServer) -> None:
    answering(server, claims=b'{"items": [{"metadata": {"name": "a"}, "status": {"phase": "Lost"}}]}')
    found = {finding.name: finding for finding in cluster_findings(server.api())}
    assert (found["storage"].verdict, found["storage"].found) == (Verdict.FAILED, "the volume of claim a is lost")


def test_a_server_that_is_away_is_one_finding(server: ApiServer) -> None:
    server.rule = lambda request: Answer(503, "the server is going away")
    found = [(finding.name, finding.verdict) for finding in cluster_findings(server.api())]
    assert found == [("cluster", Verdict.FAILED)]


def test_the_rights_are_those_of_the_charts_role() -> None:
    lines = [line for line in ROLE.read_text().splitlines() if "{{" not in line or "resourceNames" in line]
    rules = YAML(typ="safe").load("\n".join(line.partition("{{")[0].rstrip("[ ") for line in lines))["rules"]
    granted = {
        (rule["apiGroups"][0], rule["resources"][0]): set(rule["verbs"])
        for rule in rules
        if "resourceNames" not in rule
    }
    assert granted == {(group, resource): set(verbs) for group, resource, verbs in RIGHTS}


def test_the_store_is_tried_and_left_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tell([store_finding((tmp_path / "new").as_uri())])
    assert list((tmp_path / "new").iterdir()) == []
    (tmp_path / "file").touch()
    assert not tell([store_finding((tmp_path / "file").as_uri())])
    assert "PODIUM_ARTIFACTS_URL" in capsys.readouterr().out
