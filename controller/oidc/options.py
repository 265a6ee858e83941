"""How people sign in at an issuer, read from the settings, whole or not at all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from controller.oidc.document import is_safe
from controller.oidc.grants import Grant, Grants
from controller.settings import BadSettings, Settings
from podium.access import ProjectName, Role
from podium.contract import Contract
from podium.documents import UnreadableDocument, read_document

CALLBACK = "/sign-in/oidc/callback"
SAFE = "https://, or http:// and the loopback address"


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcOptions:
    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False)
    """None for a public client."""
    public_url: str
    """Of the dashboard, without a slash at its end."""
    grants: Grants
    groups_claim: str
    scopes: tuple[str, ...]
    """To ask for; empty where the issuer's description decides."""
    name: str
    """Of the issuer, for people."""
    lifetime: timedelta
    """Of a visit."""
    ca_file: Path | None = None

    @property
    def redirect_uri(self) -> str:
        return self.public_url + CALLBACK

    @property
    def identity(self) -> str:
        """Whose word is taken: visits end with it."""
        return f"{self.issuer} {self.client_id}"

    @property
    def is_encrypted(self) -> bool:
        """Whether browsers speak https to the dashboard."""
        return self.public_url.startswith("https://")


def oidc_options(settings: Settings) -> OidcOptions | None:
    """Return how people sign in at an issuer; None where only tokens are known. Raises BadSettings with every fault."""
    if not settings.oidc_issuer:
        if settings.oidc_client_id or settings.oidc_groups:
            raise BadSettings("PODIUM_OIDC_ISSUER is not set, but other PODIUM_OIDC_... are; set it, or leave them out")
        return None
    if faults := list(_faults(settings)):
        raise BadSettings("; ".join(faults))
    secret = settings.oidc_client_secret
    return OidcOptions(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=(secret.get_secret_value() or None) if secret is not None else None,
        public_url=(settings.public_url or "").rstrip("/"),
        grants=_grants(settings.oidc_groups),
        groups_claim=settings.oidc_groups_claim,
        scopes=tuple(settings.oidc_scopes.split()),
        name=settings.oidc_name or urlsplit(settings.oidc_issuer).hostname or "",
        lifetime=timedelta(hours=settings.oidc_visit_hours),
        ca_file=settings.oidc_ca_file,
    )


def _faults(settings: Settings) -> Iterator[str]:
    issuer, public = settings.oidc_issuer or "", settings.public_url or ""
    if settings.open:
        yield "PODIUM_OIDC_ISSUER: with PODIUM_OPEN nobody signs in; leave one of them out"
    if not is_safe(issuer) or "?" in issuer or "#" in issuer:
        yield f"PODIUM_OIDC_ISSUER: {issuer!r} is no issuer's URL; give it as the issuer itself does, {SAFE}"
    if not settings.oidc_client_id:
        yield "PODIUM_OIDC_CLIENT_ID is not set; register Podium at the issuer, which gives it an id"
    if not public:
        yield "PODIUM_PUBLIC_URL is not set; give the dashboard's address in browsers, as https://podium.example.com"
    elif not is_safe(public) or urlsplit(public)[2:] not in (("", "", ""), ("/", "", "")):
        yield f"PODIUM_PUBLIC_URL: {public!r} is no address of a dashboard; give {SAFE}, with a port and nothing behind"
    if settings.oidc_scopes and "openid" not in settings.oidc_scopes.split():
        yield "PODIUM_OIDC_SCOPES: lacks openid, without which an issuer says nothing of anybody; add it"
    if settings.oidc_ca_file is not None and not settings.oidc_ca_file.is_file():
        yield f"PODIUM_OIDC_CA_FILE: {settings.oidc_ca_file} is no file; name one with certificates in PEM"
    try:
        if not _grants(settings.oidc_groups):
            yield "PODIUM_OIDC_GROUPS is not set, and so nobody could enter; name groups, as {ml-platform: admin}"
    except BadSettings as error:
        yield str(error)


def _named(given: object) -> object:
    return {"role": given} if isinstance(given, str) else given


class _Given(Contract):
    role: Role
    projects: Annotated[list[ProjectName], Field(min_length=1)] | None = None


_GROUPS = TypeAdapter(dict[str, Annotated[_Given, BeforeValidator(_named)]])


def _grants(text: str) -> Grants:
    """Read PODIUM_OIDC_GROUPS. Raises BadSettings with every fault."""
    try:
        document = read_document(text) if text.strip() else {}
        given = _GROUPS.validate_python(document or {})
    except UnreadableDocument as error:
        raise BadSettings(f"PODIUM_OIDC_GROUPS: {error}") from None
    except ValidationError as error:
        faults = "; ".join(f"{_place(each)}: {each['msg']}" for each in error.errors())
        raise BadSettings(f"PODIUM_OIDC_GROUPS: {faults}") from None
    limited = sorted(group for group, each in given.items() if each.role is Role.ADMIN and each.projects)
    if limited:
        raise BadSettings(f"PODIUM_OIDC_GROUPS: {', '.join(limited)}: an admin has no limits; leave the projects out")
    return {
        group: Grant(role=each.role, projects=None if each.projects is None else frozenset(each.projects))
        for group, each in given.items()
    }


def _place(fault: Mapping[str, Any]) -> str:  # Any: pydantic's own type
    return ".".join(map(str, fault["loc"])) or "all"
