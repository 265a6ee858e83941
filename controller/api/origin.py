"""Where a request comes from, as its browser says: all that protects an API without a token from web pages.

A page of any site can make its visitor's browser send requests to an address on the visitor's machine, and with them an
experiment, which runs a command. Command lines, workers and notebooks say nothing of where they come from.
"""

from collections.abc import Collection, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from controller.errors import Forbidden

FOREIGN = ("cross-site", "same-site")
"""What `Sec-Fetch-Site` says of a request by a page of another address; that of one's own says `same-origin`."""


def refuse_foreign(headers: Mapping[str, str], names: Collection[str]) -> None:
    """Raise Forbidden for a request to an open API that a page of another address has sent, by any of its names."""
    refuse_unknown_host(headers, names)
    host, origin = headers.get("host", ""), headers.get("origin")
    is_from_here = origin is None or urlsplit(origin).netloc == host
    if headers.get("sec-fetch-site") in FOREIGN or not is_from_here:
        raise Forbidden(
            "a page of another address sent this, and with PODIUM_OPEN such a page is not let in; "
            "leave PODIUM_OPEN out and send the token, or ask from a page of this address, or from no browser"
        )


def refuse_unknown_host(headers: Mapping[str, str], names: Collection[str]) -> None:
    """Raise Forbidden where a browser may believe that this address belongs to another site.

    A site can have its own name lead to this machine (DNS rebinding); its pages are then of this address. Addresses
    in figures, names without a dot, which nobody can register, and the names given belong to nobody else.
    """
    name = _name_of(headers.get("host", ""))
    if not ("." not in name or _is_address(name) or name.endswith(".localhost") or name in names):
        raise Forbidden(
            f"this controller is not known as {name!r}; add the name to PODIUM_HOST_NAMES, or leave PODIUM_OPEN out"
        )


def _name_of(host: str) -> str:
    """Return a Host header without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return host


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
