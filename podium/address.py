"""Which controller is meant, and by which token: arguments, environment, what `podium login` kept, this machine."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from podium.blocking.connection import Connection
from podium.loopback import is_loopback
from podium.profiles import BadConfig, Config, Profile, config_file, exposure, is_same_url, read_config
from podium.refusal import PodiumError
from podium.wire import TOKEN_VARIABLE, URL_VARIABLE

DEFAULT_URL = "http://127.0.0.1:8080"
DEFAULT_STATE_DIR = Path(".podium")
STATE_DIR_VARIABLE = "PODIUM_STATE_DIR"
PROFILE_VARIABLE = "PODIUM_PROFILE"
URL_FILE = "controller.url"
"""A controller on one machine writes its address here, in its state directory."""
PID_FILE = "controller.pid"
"""And holds a lock on this."""
TOKEN_FILE = "admin_token"
"""And the token that opens it here, for its owner's eyes alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A controller, a token for it, and where each was taken from."""

    url: str
    url_from: str
    token: str | None = field(default=None, repr=False)
    token_from: str = ""
    remark: str = ""
    """What the user had better know of the file that the token is from."""

    @property
    def fingerprint(self) -> str | None:
        """A few digits that tell one token from another, and give nothing of it away."""
        return None if self.token is None else "sha256:" + hashlib.sha256(self.token.encode()).hexdigest()[:12]


def find_address(
    url: str | None, token: str | None, environment: Mapping[str, str], *, profile: str | None = None
) -> Address:
    """Return the controller that is meant, and the token to show it.

    Of the address: what is given, PODIUM_URL, the current profile, what runs on the state directory, 127.0.0.1:8080.
    Of the token: what is given, PODIUM_TOKEN, the profile of that very address, what the controller at that address
    keeps in its state directory: no other controller is shown these.
    A `profile` that is given, or PODIUM_PROFILE, stands for both of its parts. Raises BadConfig.
    """
    file = config_file(environment)
    config = read_config(file)
    name = profile or environment.get(PROFILE_VARIABLE)
    chosen = _profile(config, name, file) if name else None
    at, at_from = _url(url, environment, (name, chosen), config)
    if token is not None:
        return Address(url=at, url_from=at_from, token=token, token_from="the argument")
    kept = (name, chosen) if chosen is not None and is_same_url(chosen.url, at) else None
    if kept is None and (given := environment.get(TOKEN_VARIABLE, "").strip()):
        return Address(url=at, url_from=at_from, token=given, token_from=TOKEN_VARIABLE)
    kept = kept or config.of_url(at)
    if kept is None or kept[1].token is None:
        state_dir = state_dir_of(environment)
        if own := kept_token(at, state_dir):
            return Address(url=at, url_from=at_from, token=own, token_from=str(state_dir / TOKEN_FILE))
        return Address(url=at, url_from=at_from)
    whence = f"the profile {kept[0]!r} in {file}"
    return Address(url=at, url_from=at_from, token=kept[1].token, token_from=whence, remark=exposure(file) or "")


def kept_token(url: str, state_dir: Path) -> str | None:
    """Return the token that the controller of a state directory keeps there. It is for that controller's address only.

    None for another address, where there is no such file, and where it may not be read, since it is somebody else's.
    None, too, where that controller is gone: another user of this machine may listen where it did.
    """
    try:
        own = (state_dir / URL_FILE).read_text(encoding="utf-8").strip()
        token = (state_dir / TOKEN_FILE).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return token if _is_the_same(urlsplit(url), urlsplit(own)) and _is_up(state_dir) else None


def _is_up(state_dir: Path) -> bool:
    """Say whether a controller lives in a state directory: it holds a lock there."""
    import fcntl  # noqa: PLC0415  # Windows has none, and no controller

    try:
        with (state_dir / PID_FILE).open() as held:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _is_the_same(one: SplitResult, other: SplitResult) -> bool:
    """Say whether two addresses are one: this machine's loopback address has several names."""
    if (one.scheme, one.port) != (other.scheme, other.port):
        return False
    hosts = one.hostname or "", other.hostname or ""
    return hosts[0] == hosts[1] or all(map(is_loopback, hosts))


def state_dir_of(environment: Mapping[str, str]) -> Path:
    """Return where a controller on this machine keeps its state, unless it is told otherwise."""
    return Path(environment.get(STATE_DIR_VARIABLE) or DEFAULT_STATE_DIR)


def running_controller(state_dir: Path) -> str | None:
    """Return the address of the controller that runs on `state_dir` and is ready, or None.

    A file left by a controller that was killed leads nowhere and is not believed.
    """
    try:
        url = (state_dir / URL_FILE).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    try:
        with Connection(url, timeout_seconds=2.0) as connection:
            return url if connection.is_ready() else None
    except PodiumError:
        return None


def _url(
    given: str | None, environment: Mapping[str, str], named: tuple[str | None, Profile | None], config: Config
) -> tuple[str, str]:
    """Return the address, and where it was taken from."""
    name, chosen = named
    if given:
        return given, "the argument"
    if chosen is not None:
        return chosen.url, f"the profile {name!r}"
    if url := environment.get(URL_VARIABLE):
        return url, URL_VARIABLE
    if (current := config.profiles.get(config.current)) is not None:
        return current.url, f"the profile {config.current!r}"
    state_dir = state_dir_of(environment)
    if url := running_controller(state_dir):
        return url, f"what runs in {state_dir}"
    return DEFAULT_URL, "the usual address"


def _profile(config: Config, name: str, file: Path) -> Profile:
    try:
        return config.profiles[name]
    except KeyError:
        known = ", ".join(sorted(config.profiles)) or "none"
        make_one = f"podium login URL --profile {name}"
        raise BadConfig(f"{file} has no profile {name!r}, it has {known}; make one with: {make_one}") from None
