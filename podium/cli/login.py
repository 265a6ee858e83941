"""`podium login`, `logout` and `whoami`: which controller commands ask, by which token. No token is ever printed."""

import os
import sys
from importlib.metadata import version
from typing import Annotated

import httpx2
import typer

from podium.address import PROFILE_VARIABLE, find_address
from podium.cli.reading import Url
from podium.cli.terminal import BadInput, remarks, results
from podium.client import NotAdmitted, PodiumClient, Refused
from podium.loopback import is_loopback
from podium.profiles import DEFAULT_PROFILE, Profile, config_file, read_config, write_config
from podium.wire import TOKEN_VARIABLE, URL_VARIABLE

Controller = Annotated[
    str | None, typer.Argument(metavar="URL", help="The controller's address.  [default: as for other commands]")
]
Token = Annotated[
    str | None, typer.Option("--token", help="The token; `-` reads it from stdin.  [default: asks where one is needed]")
]
ProfileName = Annotated[str | None, typer.Option("--profile", envvar=PROFILE_VARIABLE, help="A name for this login.")]


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
    results().print(f"logged in to {at} as profile {name!r}, kept in {file}", soft_wrap=True)
    for remark in _remarks(at, shown):
        remarks().print(remark, soft_wrap=True)


def logout(profile: ProfileName = None) -> None:
    """Forget a login: its address and its token."""
    file = config_file(os.environ)
    config = read_config(file)
    name = profile or config.current
    if name not in config.profiles:
        results().print(f"there is no profile {name!r} to log out of")
        return
    rest = {each: kept for each, kept in config.profiles.items() if each != name}
    if rest:
        write_config(file, config.model_copy(update={"profiles": rest}))
    else:
        file.unlink(missing_ok=True)
    results().print(f"logged out of {config.profiles[name].url}", soft_wrap=True)


def whoami(url: Url = None, profile: ProfileName = None) -> None:
    """Show which controller is asked and by which token, from where both were taken, and whether it opens the API."""
    address = find_address(url, None, os.environ, profile=profile)
    console = results()
    console.print(f"controller  {address.url}  (from {address.url_from})", soft_wrap=True)
    shown = f"{address.fingerprint}  (from {address.token_from})" if address.token else "none"
    console.print(f"token       {shown}", soft_wrap=True)
    if address.remark:
        remarks().print(f"podium: {address.remark}", soft_wrap=True)
    with PodiumClient(address.url, token=address.token) as client:
        next(client.experiments(), None)
        try:
            told = client.server_version()
        except Refused:  # whoever may list experiments may still not read the API's description
            told = None
    console.print(f"version     {told or 'not told'} there, {version('podium')} here")
    if address.token is None:
        console.print("the API is open: it asks for no token")


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
