"""Names that Podium takes, made of names that it does not."""

import re
import unicodedata
from collections.abc import Iterable

from podium.importing.source import NotImportable, Source
from podium.spec import MAX_NAME_LENGTH


def experiment_name(found: object, *, otherwise: str = "imported") -> str:
    """Return a DNS label as near to `found` as can be, `otherwise` where nothing of it is left."""
    letters = unicodedata.normalize("NFKD", str(found or "").lower().replace("ß", "ss"))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    words = re.sub(r"[^a-z0-9]+", "-", bare).strip("-")
    words = re.sub(r"^[^a-z]+", "", words)[:MAX_NAME_LENGTH].strip("-")
    return words or otherwise


def named(source: Source, path: str, found: object) -> str:
    """Return the experiment's name, and say so where it is another than it was."""
    name = experiment_name(found)
    if found and name != found:
        source.changed(path, f"{found!r} becomes {name}: a name is a DNS label of at most {MAX_NAME_LENGTH} characters")
    return name


def parameter_name(found: str) -> str:
    """Return an identifier as near to `found` as can be."""
    name = re.sub(r"\W", "_", found, flags=re.ASCII)[:62] or "parameter"
    return f"_{name}" if name[0].isdigit() else name


def refuse_twins(given: Iterable[str]) -> None:
    """Raise NotImportable where two parameters would have one name, and one of them would be lost."""
    first: dict[str, str] = {}
    for each in given:
        name = parameter_name(each)
        if name in first:
            raise NotImportable(f"the parameters {first[name]!r} and {each!r} would both be {name}; rename one of them")
        first[name] = each


def rung_name(found: str) -> str:
    """Return a rung's name as near to `found` as can be."""
    name = re.sub(r"[^a-z0-9_-]", "-", found.lower())
    return re.sub(r"^[^a-z]+", "", name)[:30] or "rung"
