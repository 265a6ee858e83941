"""Configuration, read once at start from PODIUM_* variables and never looked up below the entry point."""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, TypeAdapter, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from controller.secret_words import make_secret
from podium.documents import UnreadableDocument, read_document
from podium.faults import faults_of
from podium.loopback import is_loopback
from podium.pod import PodShape, laid_over
from podium.prices import Currency, PriceList, Prices

SECRET_FILE = "secret_key"
ADMIN_TOKEN_FILE = "admin_token"
"""The command line looks for it there (`podium.address`)."""


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
    host_names: str = ""
    """Other names with dots under which an API without a token may be asked, separated by commas."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    admin_token: SecretStr | None = None
    """Of an admin, who makes all other tokens; at least 16 bytes. By default one is made under the state directory."""
    public_url: str | None = None
    """How browsers reach the dashboard, as `https://podium.example.com`; an issuer sends them back there."""
    oidc_issuer: str | None = None
    """The URL of an OpenID Connect issuer, at whom people may sign in to the dashboard beside tokens."""
    oidc_client_id: str = ""
    """Under which the issuer knows Podium."""
    oidc_client_secret: SecretStr | None = None
    """None for a public client."""
    oidc_groups: str = ""
    """What groups may do, as `{ml-platform: admin, team-cars: {role: editor, projects: [cars]}}`."""
    oidc_groups_claim: str = "groups"
    """The claim that names somebody's groups."""
    oidc_scopes: str = ""
    """Asked of the issuer; by default `openid profile email`, and `groups` where the issuer has it."""
    oidc_name: str = ""
    """Of the issuer, on the button; by default its host."""
    oidc_ca_file: Path | None = None
    """Certificates in PEM that the issuer's is signed by, instead of the usual ones."""
    oidc_visit_hours: Annotated[float, Field(gt=0, le=24)] = 8
    """After which people sign in anew, and with the groups that they have then."""
    open: bool = False
    """Let in whoever reaches the API, as an admin and without a token; on the loopback address alone."""
    run_token_hours: Annotated[float, Field(gt=0)] = 7 * 24
    cpus_per_job: Annotated[int, Field(ge=1)] = max(1, (os.cpu_count() or 1) // 2)
    """Threads that a worker of this machine uses for its arithmetic."""
    resync_seconds: Annotated[float, Field(gt=0)] = 30
    """The reconciler looks again after this long even when nothing woke it."""
    database_pool: Annotated[int, Field(ge=1, le=1000)] = 20
    cluster: Literal["processes", "kubernetes"] = "processes"
    """Where the reconciler runs Jobs: as processes of this machine, or on Kubernetes."""
    namespace: str | None = None
    """Kubernetes: where Jobs are created; by default where the reconciler itself runs."""
    owner: str | None = None
    """Kubernetes: the Deployment that owns the Jobs, so that they go when it goes."""
    worker_image: str | None = None
    """Kubernetes: the image of trials that name none."""
    pod_defaults: Path | None = None
    """Kubernetes: a YAML file with the keys of an experiment's `trial` section; an experiment's own go first."""
    prices: str = ""
    """What an hour of each accelerator costs, as `{nvidia.com/gpu: 2.5, cpu: 0.05}`; an experiment's own go first."""
    currency: str = ""
    """Of these prices, as ISO 4217 has it: EUR."""
    reserved_names: str = ""
    """Kubernetes: Secrets and claims that no experiment may name, separated by commas."""
    metrics_port: Annotated[int, Field(ge=0, le=65_535)] | None = None
    """/healthz, /readyz and /metrics are served there, and /metrics not beside the API any more; 0 for a free port."""
    image_grace_seconds: Annotated[float, Field(ge=0)] = 300
    """How long a Job may wait for its image before its attempt is given up."""
    scheduling_grace_seconds: Annotated[float, Field(ge=0)] = 3600
    """How long a Job may wait for a node before its attempt is given up."""
    creates_per_second: Annotated[float, Field(gt=0)] = 50
    """Kubernetes: so many Jobs are created a second at the most."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"


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
    return _kept(settings.state_dir / SECRET_FILE, lambda: secrets.token_hex(32))


def admin_token(settings: Settings) -> str | None:
    """Return the first admin's token, making and keeping one under the state directory when none is configured.

    None where the API is open. Raises BadSettings for a token that can be guessed, and for an API that is open to more
    than this machine.
    """
    if settings.open:
        _check_that_it_may_be_open(settings)
        return None
    if settings.admin_token is None:
        return _kept(settings.state_dir / ADMIN_TOKEN_FILE, make_secret)
    token = settings.admin_token.get_secret_value()
    if len(token) < 16:
        raise BadSettings("PODIUM_ADMIN_TOKEN: needs at least 16 bytes, e.g. from `openssl rand -hex 16`")
    return token


def _check_that_it_may_be_open(settings: Settings) -> None:
    """Raise BadSettings where it makes no sense."""
    if not is_loopback(settings.host):
        raise BadSettings(f"PODIUM_OPEN: {settings.host} is not the loopback address; leave it out, and use the token")
    if settings.admin_token is not None:
        raise BadSettings("PODIUM_OPEN: PODIUM_ADMIN_TOKEN is set as well; leave one of them out")


def host_names(settings: Settings) -> frozenset[str]:
    """Return the names under which this API may be asked: those configured, and the one that workers are told."""
    told = urlsplit(settings.worker_url or "").hostname or ""
    return (_listed(settings.host_names.lower()) | {told, settings.host.lower()}) - {""}


def reserved_names(settings: Settings) -> frozenset[str]:
    """Return the names of Secrets and claims that are Podium's own."""
    return _listed(settings.reserved_names)


def _listed(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",")) - {""}


def pod_defaults(settings: Settings) -> PodShape:
    """Return how Pods look where an experiment does not say. Raises BadSettings with every fault of the file."""
    image = PodShape(image=settings.worker_image)
    if settings.pod_defaults is None:
        return image
    try:
        document = read_document(settings.pod_defaults.read_text(encoding="utf-8"))
        return laid_over(image, PodShape.model_validate(document or {}))
    except (OSError, UnreadableDocument) as error:
        raise BadSettings(f"PODIUM_POD_DEFAULTS: {settings.pod_defaults}: {error}") from None
    except ValidationError as error:
        faults = "; ".join(map(str, faults_of(error.errors(), document, PodShape)))
        raise BadSettings(f"PODIUM_POD_DEFAULTS: {settings.pod_defaults}: {faults}") from None


def price_list(settings: Settings) -> PriceList:
    """Return the installation's prices. Raises BadSettings with every fault of PODIUM_PRICES and PODIUM_CURRENCY."""
    try:
        document = read_document(settings.prices) if settings.prices.strip() else {}
        per_hour = TypeAdapter(Prices).validate_python(document or {})
    except UnreadableDocument as error:
        raise BadSettings(f"PODIUM_PRICES: {error}") from None
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, each['loc'][:1])) or 'all'}: {each['msg']}" for each in error.errors())
        raise BadSettings(f"PODIUM_PRICES: {faults}") from None
    try:
        currency = TypeAdapter(Currency).validate_python(settings.currency) if settings.currency else None
    except ValidationError:
        raise BadSettings(f"PODIUM_CURRENCY: {settings.currency!r} is no ISO 4217 code, such as EUR") from None
    return PriceList(per_hour=per_hour, currency=currency)


def _kept(path: Path, make: Callable[[], str]) -> str:
    """Return a secret from its file, which only its owner may read, making it first where there is none.

    It is written whole or not at all; when two processes make one at once, the first stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name) as unfinished:  # of mode 0600
            unfinished.write(make())
            unfinished.flush()
            with contextlib.suppress(FileExistsError):
                os.link(unfinished.name, path)
    return path.read_text()


def artifacts_url(settings: Settings) -> str:
    """Return where trials keep their checkpoints: as configured, or a folder of the state directory."""
    return (settings.artifacts_url or (settings.state_dir.resolve() / "artifacts").as_uri()).rstrip("/")
