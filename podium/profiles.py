"""What `podium login` keeps: addresses and tokens by the name of a profile, one of them current, in one file.

The file is `~/.config/podium/config.json`, or in XDG_CONFIG_HOME, and only its owner may read it.
"""

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pydantic import Field, ValidationError

from podium.contract import Contract
from podium.refusal import PodiumError

DEFAULT_PROFILE = "default"
OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO


class BadConfig(PodiumError):
    """The file cannot be used, or has no such profile; the message says what to do."""


class Profile(Contract):
    url: str
    token: str | None = Field(default=None, repr=False)


class Config(Contract):
    current: str = DEFAULT_PROFILE
    profiles: dict[str, Profile] = Field(default_factory=dict)

    def of_url(self, url: str) -> tuple[str, Profile] | None:
        """Return the profile of this address with its name, the current one before others: its token is for it."""
        names = sorted(self.profiles, key=lambda name: name != self.current)
        return next(((name, self.profiles[name]) for name in names if is_same_url(self.profiles[name].url, url)), None)


def is_same_url(one: str, other: str) -> bool:
    return one.rstrip("/") == other.rstrip("/")


def config_file(environment: Mapping[str, str]) -> Path:
    given = environment.get("XDG_CONFIG_HOME") or ""
    home = environment.get("HOME")
    folder = Path(given) if os.path.isabs(given) else (Path(home) if home else Path.home()) / ".config"
    return folder / "podium" / "config.json"


def read_config(file: Path) -> Config:
    """Return what is kept, nothing where there is no file. Raises BadConfig."""
    try:
        return Config.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return Config()
    except OSError as error:
        raise BadConfig(f"cannot read {file}: {error.strerror}") from None
    except ValidationError:  # its words would repeat the token
        raise BadConfig(f"{file} is not what podium login writes; delete it, and log in again") from None


def write_config(file: Path, config: Config) -> None:
    """Keep it, in place of what was kept, for its owner alone. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        # never readable by others, not even for a moment; O_EXCL follows no link that someone laid
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(config.model_dump_json(indent=2) + "\n")
        partial.replace(file)
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()


def exposure(file: Path) -> str | None:
    """Say that others may read the file, and what to do; None where they may not, or there is none."""
    try:
        mode = file.stat().st_mode
    except OSError:
        return None
    return f"{file} holds a token and others may read it; shut it with: chmod 600 {file}" if mode & OTHERS_MAY else None
