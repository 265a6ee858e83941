"""The issuer at whom people sign in: what the API is told of it, and who reaches it."""

import os
from pathlib import Path
from typing import Any

import pytest

from controller.oidc.options import OidcOptions, oidc_options
from controller.settings import read_settings
from podium.access import Role
from tests.chart.network import Place, is_allowed
from tests.chart.rendering import of_kind, only, refused, rendered
from tests.docs.blocks import blocks_of

PAGE = Path(__file__).parents[2] / "docs" / "sign-in.md"
CLIENT = "oidc.issuer=https://issuer.example.com,oidc.clientId=podium,oidc.publicUrl=https://podium.example.com"
ISSUER = ("--set", CLIENT, "--set", "oidc.groups.ml-platform=admin")
COMPONENTS = {"api": "Deployment", "reconciler": "Deployment", "postgres": "StatefulSet"}


def environment(values: str = "defaults", *words: str, name: str = "podium-api") -> dict[str, Any]:  # Any: YAML
    [container] = only(rendered(values, *words), "Deployment", name)["spec"]["template"]["spec"]["containers"]
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}


def taken(monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]) -> OidcOptions:
    """Return what the controller makes of what the chart gives it."""
    for variable in [each for each in os.environ if each.startswith("PODIUM_")]:
        monkeypatch.delenv(variable)
    for variable, value in given.items():
        if variable.startswith(("PODIUM_OIDC", "PODIUM_PUBLIC")) and isinstance(value, str):
            monkeypatch.setenv(variable, value)
    monkeypatch.delenv("PODIUM_OIDC_CA_FILE", raising=False)  # it is in the Pod
    options = oidc_options(read_settings())
    assert options is not None
    return options


def test_without_an_issuer_the_api_is_told_of_none_and_reaches_none() -> None:
    assert not any("OIDC" in each or "PUBLIC_URL" in each for each in environment())


def test_the_controller_takes_what_the_chart_gives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    given = environment("all-values", name="tuning-api")
    assert given["PODIUM_OIDC_CLIENT_SECRET"] == {"secretKeyRef": {"name": "tuning-client", "key": "secret"}}
    assert given["PODIUM_OIDC_CA_FILE"] == "/etc/podium-oidc/bundle.pem"
    options = taken(monkeypatch, given)
    assert options.redirect_uri == "https://tuning.example.com:8443/sign-in/oidc/callback"
    assert (options.name, options.groups_claim, options.scopes) == ("Example", "roles", ("openid", "email", "roles"))
    assert options.lifetime.total_seconds() == 12 * 3600
    assert {group: grant.role for group, grant in options.grants.items()} == {
        "/ml-platform": Role.ADMIN,
        "team-cars": Role.EDITOR,
        "everybody": Role.VIEWER,
    }
    assert options.grants["team-cars"].projects == frozenset({"cars"})


def test_the_values_of_the_documentation_are_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    [block] = [each for each in blocks_of(PAGE.read_text(encoding="utf-8")) if each.text.startswith("oidc:")]
    (tmp_path / "values.yaml").write_text(block.text)
    options = taken(monkeypatch, environment("defaults", "--values", str(tmp_path / "values.yaml")))
    assert options.redirect_uri == "https://podium.example.com/sign-in/oidc/callback"
    assert set(options.grants) == {"ml-platform", "team-cars", "staff"}


def test_the_least_that_is_to_be_given_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    options = taken(monkeypatch, environment("defaults", *ISSUER))
    assert (options.name, options.groups_claim, options.scopes) == ("issuer.example.com", "groups", ())
    assert options.client_secret is None


def test_certificates_of_ones_own_are_mounted() -> None:
    pod = only(rendered("all-values"), "Deployment", "tuning-api")["spec"]["template"]["spec"]
    assert {"name": "oidc", "configMap": {"name": "corporate-certificates"}} in pod["volumes"]
    assert {"name": "oidc", "mountPath": "/etc/podium-oidc", "readOnly": True} in pod["containers"][0]["volumeMounts"]


def test_the_ingress_host_is_the_address_unless_another_is_named() -> None:
    ingress = (
        *("--set", "ingress.enabled=true", "--set", "ingress.tlsSecret=tls", "--set", "oidc.publicUrl="),
        *("--set", "networkPolicy.apiFrom[0].podSelector.matchLabels.app=ingress"),
    )
    assert environment("defaults", *ISSUER, *ingress)["PODIUM_PUBLIC_URL"] == "https://podium.example.com"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("oidc.publicUrl=", "set oidc.publicUrl, or ingress.enabled"),
        ("oidc.clientId=", "oidc.issuer needs oidc.clientId"),
        ("oidc.groups.ml-platform=owner", "ml-platform"),
        ("oidc.issuer=http://issuer.example.com", "does not match pattern"),
        ("oidc.publicUrl=http://podium.example.com", "does not match pattern"),
        ("oidc.visitHours=48", "maximum"),
        ("oidc.clientSecret.value=secret", "'value' not allowed"),
    ],
)
def test_what_would_not_start_is_refused(given: str, told: str) -> None:
    assert told in refused("defaults", *ISSUER, "--set", given)


def test_groups_are_to_be_given() -> None:
    assert "oidc.issuer needs oidc.groups" in refused("defaults", "--set", CLIENT)


def test_the_api_alone_reaches_the_issuer() -> None:
    issuer = Place(address="93.184.216.34")

    def reached(*words: str) -> set[str]:
        objects = rendered("defaults", *words)
        policies = list(of_kind(objects, "NetworkPolicy").values())
        places = {
            component: Place(
                labels=only(objects, kind, f"podium-{component}")["spec"]["template"]["metadata"]["labels"]
            )
            for component, kind in COMPONENTS.items()
        }
        kubernetes = {"reconciler"}  # whose way to the Kubernetes API is as wide, unless it is narrowed
        return {name for name, place in places.items() if is_allowed(policies, place, issuer, 443)} - kubernetes

    assert reached() == set()
    assert reached(*ISSUER) == {"api"}
