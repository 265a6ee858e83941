"""Names that Podium takes, made of names that it does not."""

import re

from podium.spec import MAX_NAME_LENGTH


def experiment_name(found: object) -> str:
    """Return a DNS label as near to `found` as can be, `imported` where nothing of it is left."""
    words = re.sub(r"[^a-z0-9]+", "-", str(found or "").lower()).strip("-")
    words = re.sub(r"^[^a-z]+", "", words)[:MAX_NAME_LENGTH].strip("-")
    return words or "imported"


def parameter_name(found: str) -> str:
    """Return an identifier as near to `found` as can be."""
    name = re.sub(r"\W", "_", found, flags=re.ASCII)[:62] or "parameter"
    return f"_{name}" if name[0].isdigit() else name


def rung_name(found: str) -> str:
    """Return a rung's name as near to `found` as can be."""
    name = re.sub(r"[^a-z0-9_-]", "-", found.lower())
    return re.sub(r"^[^a-z]+", "", name)[:30] or "rung"
