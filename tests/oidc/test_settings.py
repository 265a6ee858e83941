"""Settings of an issuer that make no sense stop the process, with each variable named and what to do."""

from pathlib import Path
from typing import Any

import pytest

from controller.oidc.grants import Grant, granted
from controller.oidc.issuer import trust_of
from controller.oidc.options import oidc_options
from controller.settings import BadSettings, read_settings
from podium.access import Role
from tests.oidc.served import options_of

GOOD: dict[str, Any] = {  # Any: fields of every type
    "oidc_issuer": "https://issuer.example.com/realms/podium",
    "oidc_client_id": "podium",
    "oidc_client_secret": "the secret",
    "oidc_groups": '{"ml-platform": "admin", "team-cars": {"role": "editor", "projects": ["cars"]}}',
    "public_url": "https://podium.example.com/",
}


def test_good_settings_are_read() -> None:
    options = oidc_options(read_settings(**GOOD))
    assert options is not None
    assert options.redirect_uri == "https://podium.example.com/sign-in/oidc/callback"
    assert (options.name, options.groups_claim, options.is_encrypted) == ("issuer.example.com", "groups", True)
    assert options.grants == {
        "ml-platform": Grant(role=Role.ADMIN),
        "team-cars": Grant(role=Role.EDITOR, projects=frozenset({"cars"})),
    }
    assert "the secret" not in repr(options)


def test_without_an_issuer_there_is_none() -> None:
    assert oidc_options(read_settings(public_url="https://podium.example.com")) is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"oidc_issuer": None}, "PODIUM_OIDC_ISSUER is not set, but other"),
        ({"oidc_issuer": "http://issuer.example.com"}, "PODIUM_OIDC_ISSUER: 'http://issuer"),
        ({"oidc_issuer": "issuer.example.com"}, "PODIUM_OIDC_ISSUER: 'issuer"),
        ({"oidc_issuer": "https://issuer.example.com?realm=x"}, "PODIUM_OIDC_ISSUER"),
        ({"oidc_issuer": "https://["}, "PODIUM_OIDC_ISSUER"),
        ({"oidc_client_id": ""}, "PODIUM_OIDC_CLIENT_ID is not set"),
        ({"public_url": None}, "PODIUM_PUBLIC_URL is not set"),
        ({"public_url": "http://podium.example.com"}, "PODIUM_PUBLIC_URL: 'http://podium"),
        ({"public_url": "https://podium.example.com/path"}, "nothing behind"),
        ({"oidc_scopes": "profile email"}, "PODIUM_OIDC_SCOPES: lacks openid"),
        ({"oidc_ca_file": Path("/nowhere.pem")}, "PODIUM_OIDC_CA_FILE: /nowhere.pem is no file"),
        ({"open": True}, "PODIUM_OPEN"),
        ({"oidc_groups": ""}, "PODIUM_OIDC_GROUPS is not set, and so nobody"),
        ({"oidc_groups": "{"}, "PODIUM_OIDC_GROUPS: not valid YAML"),
        ({"oidc_groups": "[ml-platform]"}, "PODIUM_OIDC_GROUPS: all: "),
        ({"oidc_groups": "{a: owner}"}, "PODIUM_OIDC_GROUPS: a.role: Input should be 'viewer', 'editor' or 'admin'"),
        ({"oidc_groups": "{a: {role: viewer, project: [x]}}"}, "PODIUM_OIDC_GROUPS: a.project: Extra inputs"),
        ({"oidc_groups": "{a: {role: viewer, projects: []}}"}, "PODIUM_OIDC_GROUPS: a.projects: "),
        ({"oidc_groups": "{a: {role: viewer, projects: [Not A Name]}}"}, "PODIUM_OIDC_GROUPS: a.projects.0: "),
        ({"oidc_groups": "{a: {role: admin, projects: [x]}}"}, "an admin has no limits; leave the projects out"),
    ],
    ids=str,
)
def test_bad_settings_are_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(BadSettings) as raised:
        oidc_options(read_settings(**GOOD | changes))
    assert told in str(raised.value)


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(BadSettings, match=r"PODIUM_OIDC_CLIENT_ID.*PODIUM_PUBLIC_URL.*PODIUM_OIDC_GROUPS"):
        oidc_options(read_settings(oidc_issuer="https://issuer.example.com"))


@pytest.mark.parametrize("hours", [0, -1, 25])
def test_a_visit_lasts_a_day_at_most(hours: float) -> None:
    with pytest.raises(BadSettings, match="PODIUM_OIDC_VISIT_HOURS"):
        read_settings(**GOOD, oidc_visit_hours=hours)


def test_certificates_that_are_none_are_told(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    with pytest.raises(BadSettings, match="PODIUM_OIDC_CA_FILE"):
        trust_of(options_of("https://issuer.example.com", ca_file=file))


VIEWER, ADMIN = Grant(role=Role.VIEWER), Grant(role=Role.ADMIN)


def editor(*projects: str) -> Grant:
    return Grant(role=Role.EDITOR, projects=frozenset(projects) or None)


@pytest.mark.parametrize(
    ("held", "together"),
    [
        ([], None),
        ([VIEWER], VIEWER),
        ([editor("cars"), editor("boats")], editor("cars", "boats")),
        ([editor("cars"), VIEWER], editor("cars")),
        ([editor("cars"), editor()], editor()),
        ([editor("cars"), ADMIN, VIEWER], ADMIN),
    ],
)
def test_of_several_groups_the_highest_role_counts_where_it_holds(held: list[Grant], together: Grant | None) -> None:
    grants = {f"group-{number}": grant for number, grant in enumerate(held)}
    assert granted([*grants, "choir"], grants) == together
    assert granted([*reversed(grants), "choir"], grants) == together
