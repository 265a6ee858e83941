"""What a set of NetworkPolicies allows, as the API reference defines it: no cluster at hand enforces them.

A connection is allowed when the policies that select its source allow it out and those that select its target allow it
in; a Pod that no policy selects in a direction is open in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from tests.chart.rendering import Object


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A Pod, by its labels and its namespace's; or an address outside of the cluster."""

    labels: dict[str, str] = field(default_factory=dict)
    namespace: str = "podium"
    address: str | None = None


def is_allowed(policies: Iterable[Object], source: Place, target: Place, port: int, protocol: str = "TCP") -> bool:
    policies = list(policies)
    out = _passes(policies, source, target, port, protocol, "Egress")
    return out and _passes(policies, target, source, port, protocol, "Ingress")


def _passes(policies: list[Object], here: Place, there: Place, port: int, protocol: str, way: str) -> bool:  # noqa: PLR0913,PLR0917  # the five parts of a connection
    selecting = [
        policy["spec"]
        for policy in policies
        if here.address is None
        and here.namespace == policy["metadata"]["namespace"]
        and _selects(policy["spec"]["podSelector"], here.labels)
        and way in policy["spec"]["policyTypes"]
    ]
    if not selecting:
        return True
    rules = [rule for spec in selecting for rule in spec.get(way.lower(), [])]
    peers = "to" if way == "Egress" else "from"
    return any(_opens(rule, port, protocol) and _names(rule.get(peers), there) for rule in rules)


def _opens(rule: Object, port: int, protocol: str) -> bool:
    ports = rule.get("ports")
    return not ports or any(one["port"] == port and one.get("protocol", "TCP") == protocol for one in ports)


def _names(peers: list[Object] | None, place: Place) -> bool:
    return not peers or any(_is_peer(peer, place) for peer in peers)


def _is_peer(peer: Object, place: Place) -> bool:
    if "ipBlock" in peer:
        return place.address is not None and ip_address(place.address) in ip_network(peer["ipBlock"]["cidr"])
    if place.address is not None:
        return False
    if "namespaceSelector" in peer:
        namespace_fits = _selects(peer["namespaceSelector"], {"kubernetes.io/metadata.name": place.namespace})
    else:
        namespace_fits = place.namespace == "podium"  # the policy's own
    return namespace_fits and _selects(peer.get("podSelector", {}), place.labels)


def _selects(selector: Object, labels: dict[str, str]) -> bool:
    assert "matchExpressions" not in selector, "not needed so far"
    wanted: dict[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items()
