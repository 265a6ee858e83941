"""`podium doctor`: is everything well, from this terminal to the cluster; and if not, what to do."""

import os
from collections.abc import Iterator
from importlib.metadata import version

import httpx2
from rich.console import RenderableType
from rich.text import Text

from podium.address import Address, find_address
from podium.cli.exit_codes import FAILED
from podium.cli.output import Answer, answers
from podium.cli.reading import Url
from podium.cli.tables import plain_table
from podium.client import NotAdmitted, NotFound, PodiumClient, PodiumError, Refused, ServerUnreachable
from podium.diagnosis import Diagnosis, Finding, Verdict, has_failed
from podium.loopback import is_loopback

STYLES = {Verdict.OK: "green", Verdict.UNKNOWN: "dim", Verdict.WARNING: "yellow", Verdict.FAILED: "bold red"}


@answers
def doctor(url: Url = None) -> Answer:
    """Check everything between here and the cluster, and say what to do. An admin's token shows the controller's part.

    It exits with 1 where something has failed; a warning does not fail it.
    """
    address = find_address(url, None, os.environ)
    with PodiumClient(address.url, token=address.token) as client:
        found = Diagnosis(findings=list(examine(client, address)))
    failed = has_failed(found.findings)
    bad = [finding.name for finding in found.findings if finding.verdict is Verdict.FAILED]
    return Answer(document=found, view=findings_table(found), names=bad, code=FAILED if failed else 0)


def examine(client: PodiumClient, address: Address) -> Iterator[Finding]:
    """Yield what is found, as far as one thing lets the next be looked at."""
    yield _address(address)
    yield transport(address.url)
    try:
        who = client.who_am_i()
    except ServerUnreachable as error:
        yield _failed("controller", str(error), "start one with podium-controller up, or name another with --url")
        return
    except NotAdmitted as error:
        yield Finding(name="controller", verdict=Verdict.OK, found="it answers")
        yield _failed("token", str(error), f"podium login {address.url} keeps a token that it takes")
        return
    except PodiumError as error:
        yield _failed("controller", str(error), "see the log of the controller's API")
        return
    yield Finding(name="controller", verdict=Verdict.OK, found="it answers")
    shown = f"taken: {who.name}, {who.role}" if address.token else "none is asked for: the API is open"
    yield Finding(name="token", verdict=Verdict.OK, found=shown)
    yield skew(_told_version(client), version("podium"))
    yield from _controllers_own(client)


def transport(url: str) -> Finding:
    """Say whether others can read along."""
    at = httpx2.URL(url)
    if at.scheme == "https":
        return Finding(name="transport", verdict=Verdict.OK, found="https")
    if is_loopback(at.host):
        return Finding(name="transport", verdict=Verdict.OK, found="http, within this machine")
    remedy = "serve it by an Ingress with TLS and use https://, wherever others share the network"
    return Finding(name="transport", verdict=Verdict.WARNING, found="http sends the token unencrypted", remedy=remedy)


def skew(there: str | None, here: str) -> Finding:
    """Compare the versions: clients and controllers of one minor version go together."""
    if there is None:
        return Finding(
            name="version", verdict=Verdict.UNKNOWN, found=f"{here} here; the controller does not tell its own"
        )
    if there.split(".")[:2] == here.split(".")[:2]:
        return Finding(name="version", verdict=Verdict.OK, found=f"{there} there, {here} here")
    remedy = f"install the controller's version here: pip install 'podium=={there}'"
    return Finding(name="version", verdict=Verdict.WARNING, found=f"{there} there, {here} here", remedy=remedy)


def findings_table(diagnosis: Diagnosis) -> RenderableType:
    table = plain_table("", "of", "found")
    for each in diagnosis.findings:
        words = Text(each.found)
        if each.remedy:
            words.append(f"\n{each.remedy}", style="italic")
        table.add_row(Text(each.verdict, style=STYLES[each.verdict]), each.name, words)
    return table


def _address(address: Address) -> Finding:
    found = f"{address.url}, from {address.url_from}"
    if address.remark:
        return Finding(name="address", verdict=Verdict.WARNING, found=found, remedy=address.remark)
    return Finding(name="address", verdict=Verdict.OK, found=found)


def _told_version(client: PodiumClient) -> str | None:
    try:
        return client.server_version()
    except PodiumError:
        return None


def _controllers_own(client: PodiumClient) -> Iterator[Finding]:
    try:
        yield from client.diagnosis().findings
    except NotFound:
        found = "this controller is older than podium doctor, and tells nothing of itself"
        yield Finding(name="installation", verdict=Verdict.UNKNOWN, found=found, remedy="upgrade it")
    except Refused as error:
        yield Finding(
            name="installation", verdict=Verdict.UNKNOWN, found=str(error), remedy="ask with an admin's token"
        )
    except PodiumError as error:
        yield _failed("database", str(error), "see that PostgreSQL runs and PODIUM_DATABASE_URL names it")


def _failed(name: str, found: str, remedy: str) -> Finding:
    return Finding(name=name, verdict=Verdict.FAILED, found=found, remedy=remedy)
