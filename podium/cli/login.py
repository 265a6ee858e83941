"""`podium login`, `logout` and `whoami`: which controller commands ask, by which token. No token is ever printed."""

import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated, TypeVar

import httpx2
import typer

from podium.access import WhoAmI
from podium.address import PROFILE_VARIABLE, find_address
from podium.cli.output import Answer, answers, quietly
from podium.cli.reading import Url
from podium.cli.terminal import BadInput, remarks, say
from podium.client import NotAdmitted, PodiumClient, Refused, ServerUnreachable
from podium.contract import Contract
from podium.loopback import is_loopback
from podium.profiles import DEFAULT_PROFILE, Profile, config_file, read_config, write_config
from podium.wire import TOKEN_VARIABLE, URL_VARIABLE

Told = TypeVar("Told")
Controller = Annotated[
    str | None, typer.Argument(metavar="URL", help="The controller's address.  [default: as for other commands]")
]
Token = Annotated[
    str | None, typer.Option("--token", help="The token; `-` reads it from stdin.  [default: asks where one is needed]")
]
ProfileName = Annotated[str | None, typer.Option("--profile", envvar=PROFILE_VARIABLE, help="A name for this login.")]


@quietly
def login(url: Controller = None, token: Token = None, profile: ProfileName = None) -> None:
    """Keep a controller's address and token for the commands and clients to come, once the controller has taken it."""
    file, name = config_file(os.environ), profile or DEFAULT_PROFILE
    config = read_config(file)
    kept = config.profiles.get(name)
    at = (url or (kept.url if kept else None) or find_address(None, None, os.environ).url).rstrip("/")
    shown = _given(token)
    if shown is None and not _admits(at, None):
        shown = _asked_for(at)
    if shown is not None:
        _check(at, shown)
    profiles = config.profiles | {name: Profile(url=at, token=shown)}
    write_config(file, config.model_copy(update={"current": name, "profiles": profiles}))
    say(f"logged in to {at} as profile {name!r}, kept in {file}")
    for remark in _remarks(at, shown):
        remarks().print(remark, soft_wrap=True)


@quietly
def logout(profile: ProfileName = None) -> None:
    """Forget a login: its address and its token."""
    file = config_file(os.environ)
    config = read_config(file)
    name = profile or config.current
    if name not in config.profiles:
        say(f"there is no profile {name!r} to log out of")
        return
    rest = {each: kept for each, kept in config.profiles.items() if each != name}
    if rest:
        write_config(file, config.model_copy(update={"profiles": rest}))
    else:
        file.unlink(missing_ok=True)
    say(f"logged out of {config.profiles[name].url}")
    if rest and name == config.current:
        say(f"no profile is current now; there is {', '.join(sorted(rest))}: PODIUM_PROFILE and --profile choose one")


class Login(Contract):
    """Which controller is asked and by which token: what `podium whoami` says."""

    url: str
    url_from: str
    """From where the address was taken."""
    token: str | None
    """The token's first characters, or what else tells it from others; None where there is none."""
    token_from: str | None
    controller_version: str | None
    """None where it does not tell."""
    version: str
    """Of the command."""
    who: WhoAmI | None
    """Whom the controller takes the caller for; None from a controller that does not tell."""


@answers
def whoami(url: Url = None, profile: ProfileName = None) -> Answer:
    """Show which controller is asked and by which token, from where both were taken, and whether it opens the API."""
    address = find_address(url, None, os.environ, profile=profile)
    if address.remark:
        remarks().print(f"podium: {address.remark}", soft_wrap=True)
    with PodiumClient(address.url, token=address.token) as client:
        next(client.experiments(), None)
        login = Login(
            url=address.url,
            url_from=address.url_from,
            token=address.fingerprint if address.token else None,
            token_from=address.token_from if address.token else None,
            controller_version=_version_of(client),
            version=version("podium"),
            who=_or_none(client.who_am_i),
        )
    return Answer(document=login, view=_login_view(login), names=[login.who.name] if login.who else [])


def _version_of(client: PodiumClient) -> str | None:
    """Return the controller's version: None where its description may not be read, or is not there in time."""
    try:
        return client.server_version()
    except (Refused, ServerUnreachable):
        return None


def _or_none(ask: Callable[[], Told]) -> Told | None:
    try:
        return ask()
    except Refused:
        return None


def _login_view(login: Login) -> str:
    shown = f"{login.token}  (from {login.token_from})" if login.token else "none"
    lines = [f"controller  {login.url}  (from {login.url_from})", f"token       {shown}"]
    if login.who is not None:
        lines.append(f"role        {login.who.role}, as {login.who.name}")
        if login.who.projects is not None:
            lines.append(f"projects    {', '.join(login.who.projects)}, and nothing else")
        if login.who.expires_at is not None:
            lines.append(f"good until  {login.who.expires_at:%Y-%m-%d %H:%M}")
    lines.append(f"version     {login.controller_version or 'not told'} there, {login.version} here")
    if login.token is None:
        lines.append("the API is open: it asks for no token")
    return "\n".join(lines)


def _given(token: str | None) -> str | None:
    """Return the token, read from stdin for `-`. Raises BadInput for an empty one."""
    if token is None:
        return None
    read = (sys.stdin.readline() if token == "-" else token).strip()
    if not read or not read.isascii() or not read.isprintable():
        raise BadInput("the token is empty, or has characters that no token has; nothing was kept")
    return read


def _asked_for(url: str) -> str:
    if not sys.stdin.isatty():
        raise BadInput(f"{url} wants a token; hand it over with: podium login {url} --token - < FILE")
    return _given(typer.prompt(f"token for {url}", hide_input=True, err=True)) or ""


def _admits(url: str, token: str | None) -> bool:
    """Say whether the API opens. Raises PodiumError for anything else than a refusal."""
    with PodiumClient(url, token=token) as client:
        try:
            next(client.experiments(), None)
        except NotAdmitted:
            return False
    return True


def _check(url: str, token: str) -> None:
    if not _admits(url, token):
        raise BadInput(f"{url} does not take this token; nothing was kept")


def _remarks(url: str, token: str | None) -> list[str]:
    """Say what the user had better know of this login."""
    told = []
    if token is None:
        told.append("the API is open: it asks for no token")
    elif url.startswith("http://") and not is_loopback(httpx2.URL(url).host):
        told.append("http:// sends the token unencrypted; use https:// wherever others share the network")
    told += [f"{name} is set, and goes before it" for name in (URL_VARIABLE, TOKEN_VARIABLE) if os.environ.get(name)]
    return told
