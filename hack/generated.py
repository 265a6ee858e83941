"""Files that are made from others: written by default, compared with what is there under `--check`."""

import difflib
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "charts" / "podium"


def main(made: Mapping[Path, str], *, remedy: str = "make chart") -> None:
    """Write the files that differ from what is made, or under `--check` fail on any that does."""
    stale = {path: text for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text}
    if "--check" not in sys.argv[1:]:
        for path, text in stale.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return
    if stale:
        sys.exit("\n".join(_fault(path, text, remedy) for path, text in stale.items()))


def _fault(path: Path, text: str, remedy: str) -> str:
    """Say which file is stale, how to mend it, and where it first differs."""
    found = path.read_text(encoding="utf-8") if path.exists() else ""
    name = str(path.relative_to(ROOT))
    diff = list(difflib.unified_diff(found.splitlines(), text.splitlines(), name, f"{name} as made", lineterm="", n=1))
    return "\n".join([f"{name} is not what its sources make of it; run `{remedy}`:", *diff[:20]])
