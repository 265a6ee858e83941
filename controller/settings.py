"""Configuration, read once at start from PODIUM_* variables and never looked up below the entry point."""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRET_FILE = "secret_key"


class BadSettings(Exception):
    """The environment configures Podium wrongly; the message names the variable."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="PODIUM_", frozen=True, extra="ignore")

    database_url: str | None = None
    """A PostgreSQL URL. Without one, `up` starts a PostgreSQL of its own under the state directory."""
    state_dir: Path = Path(".podium")
    """Embedded database, Jobs of this machine, and artifacts when no URL is given for them."""
    artifacts_url: str | None = None
    """fsspec URL under which trials keep their checkpoints; every worker must reach it."""
    secret_key: SecretStr | None = None
    """Signs run tokens; at least 32 bytes. `up` makes one under the state directory."""
    worker_url: str | None = None
    """How workers reach this API; by default the address that it listens on."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    run_token_hours: Annotated[float, Field(gt=0)] = 7 * 24
    cpus_per_job: Annotated[int, Field(ge=1)] = max(1, (os.cpu_count() or 1) // 2)
    """Threads that a worker of this machine uses for its arithmetic."""
    resync_seconds: Annotated[float, Field(gt=0)] = 30
    """The reconciler looks again after this long even when nothing woke it."""
    database_pool: Annotated[int, Field(ge=1, le=1000)] = 20


def read_settings(**overrides: object) -> Settings:
    """Read the environment. Raises BadSettings with one line that names each wrong variable."""
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]  # pydantic checks the values
    except ValidationError as error:
        faults = "; ".join(f"PODIUM_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise BadSettings(faults) from None


def signing_key(settings: Settings) -> str:
    """Return the key for run tokens, making and keeping one under the state directory when none is configured."""
    if settings.secret_key is not None:
        key = settings.secret_key.get_secret_value()
        if len(key) < 32:
            raise BadSettings("PODIUM_SECRET_KEY: needs at least 32 bytes, e.g. from `openssl rand -hex 32`")
        return key
    path = settings.state_dir / SECRET_FILE
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _make_key(path)
    return path.read_text()


def _make_key(path: Path) -> None:
    """Write a key whole or not at all; when two processes make one at once, the first stays."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=SECRET_FILE) as unfinished:
        unfinished.write(secrets.token_hex(32))
        unfinished.flush()
        with contextlib.suppress(FileExistsError):
            os.link(unfinished.name, path)


def artifacts_url(settings: Settings) -> str:
    """Return where trials keep their checkpoints: as configured, or a folder of the state directory."""
    return (settings.artifacts_url or (settings.state_dir.resolve() / "artifacts").as_uri()).rstrip("/")
