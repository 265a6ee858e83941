"""Stylesheet and scripts: a fixed list of files. No name that a user sends reaches the disk."""

import gzip
import hashlib
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from controller.errors import NotFound

STATIC = Path(__file__).parent / "static"
PLOTLY = "plotly.min.js"
NAMES = {
    "podium.css": STATIC / "podium.css",
    "theme.js": STATIC / "theme.js",
    "live.js": STATIC / "live.js",
    "dialogs.js": STATIC / "dialogs.js",
    "draft.js": STATIC / "draft.js",
    "faults.js": STATIC / "faults.js",
    "figures.js": STATIC / "figures.js",
    "icon.svg": STATIC / "icon.svg",
    "htmx.min.js": STATIC / "vendor" / "htmx.min.js",
    "idiomorph-ext.min.js": STATIC / "vendor" / "idiomorph-ext.min.js",
}
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"
OWN_STYLES = re.compile(rb'getElementById\("([0-9a-f]{64})"\)')
"""plotly.js brings a map's stylesheet, and leaves it out where an element of this name is there already."""

router = APIRouter(include_in_schema=False)


class NoSuchAsset(NotFound):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    content: bytes
    compressed: bytes
    media_type: str
    digest: str


@router.get("/static/{name}")
def read_asset(name: str, request: Request, v: str = "") -> Response:
    """Return a file. Its address names its content where pages ask for it, so that it may be kept for good."""
    if name not in files():
        raise NoSuchAsset(f"no file {name!r} belongs to the pages")
    asset = read(name)
    headers = {"Vary": "Accept-Encoding", "Cache-Control": FOREVER if v == asset.digest else "no-cache"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(asset.compressed, media_type=asset.media_type, headers=headers)
    return Response(asset.content, media_type=asset.media_type, headers=headers)


def address(name: str) -> str:
    """Return where a page finds a file: another address for another content."""
    return f"/static/{name}?v={read(name).digest}"


@cache
def read(name: str) -> Asset:
    path = files()[name]
    content = path.read_bytes()
    return Asset(
        content=content,
        compressed=gzip.compress(content, compresslevel=6, mtime=0),
        media_type=MEDIA_TYPES[path.suffix],
        digest=hashlib.sha256(content).hexdigest()[:16],
    )


@cache
def files() -> Mapping[str, Path]:
    # found, not imported: that takes a second, and only its script is wanted
    found = importlib.util.find_spec("plotly")
    assert found is not None
    assert found.origin is not None
    return NAMES | {PLOTLY: Path(found.origin).parent / "package_data" / PLOTLY}


@cache
def plotly_styles() -> str:
    """Return the names under which plotly.js would put styles into the page, which the policy forbids."""
    return " ".join(found.decode() for found in dict.fromkeys(OWN_STYLES.findall(read(PLOTLY).content)))
