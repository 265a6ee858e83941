"""Monitoring: off unless asked for; the objects carry the files that editors see."""

import json
import re

from ruamel.yaml import YAML

from podium.taxonomy import EndReason
from tests.chart.rendering import CHART, of_kind, only, rendered

DASHBOARD = CHART / "dashboards" / "podium.json"
RULES = CHART / "rules" / "podium.yaml"


def test_nothing_needs_an_operator_unless_asked_for() -> None:
    assert not [one for one in rendered() if one["apiVersion"].startswith("monitoring.coreos.com/")]


def test_the_service_monitor_finds_api_and_reconciler_and_no_other_pod() -> None:
    objects = rendered("existing-claims")
    monitor = only(objects, "ServiceMonitor", "podium-monitoring")["spec"]
    [service] = [
        service["spec"]
        for service in of_kind(objects, "Service").values()
        if monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
        and {endpoint["port"] for endpoint in monitor["endpoints"]}
        & {port["name"] for port in service["spec"]["ports"]}
    ]
    pods = {
        one["metadata"]["name"]
        for one in objects
        if one["kind"] in ("Deployment", "StatefulSet", "Job")
        and service["selector"].items() <= one["spec"]["template"]["metadata"]["labels"].items()
    }
    assert pods == {"podium-api", "podium-reconciler"}


def test_the_dashboard_is_the_file() -> None:
    config = only(rendered("all-values"), "ConfigMap", "tuning-monitoring")
    assert json.loads(config["data"]["podium.json"]) == json.loads(DASHBOARD.read_text(encoding="utf-8"))
    assert config["metadata"]["labels"]["grafana_dashboard"] == "1"


def test_the_rules_are_the_file() -> None:
    rule = only(rendered("all-values"), "PrometheusRule", "tuning-monitoring")
    assert rule["spec"] == YAML(typ="safe").load(RULES.read_text(encoding="utf-8"))


def test_the_rules_and_the_dashboard_name_reasons_that_an_attempt_ends_for() -> None:
    text = DASHBOARD.read_text(encoding="utf-8") + RULES.read_text(encoding="utf-8")
    reasons = {reason for found in re.findall(r'reason=~?\\?"([^"\\]+)', text) for reason in found.split("|")}
    assert EndReason.BAD_NODE in reasons
    assert reasons <= set(EndReason)


def test_failures_of_all_reasons_count_together_and_each_once_however_many_replicas_tell_of_it() -> None:
    """Runs never end for want of a node or on a bad one: they get another attempt."""
    (rule,) = (
        rule
        for group in YAML(typ="safe").load(RULES.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
        if rule["alert"] == "PodiumRunsFail"
    )
    assert rule["expr"].startswith(
        "sum by (namespace) (max by (namespace, reason) (increase(podium_attempts_ended_total{"
    )


def test_panels_lie_side_by_side() -> None:
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 23
    assert len({panel["id"] for panel in panels}) == len(panels)


def asked_for() -> set[str]:
    """Return the names of the metrics that dashboard and rules ask for."""
    text = DASHBOARD.read_text(encoding="utf-8") + RULES.read_text(encoding="utf-8")
    return set(re.findall(r"\bpodium_[a-z_]+", text))
