"""What mkdocs is told beside mkdocs.yml: pages from outside of docs/, an index of decisions, and links that hold.

GitHub shows the same files as the site. A link that leaves docs/ leads on the site to the page that was brought in from
there; where there is none, its words stay, without the link. A link to what does not exist is a warning, which fails.
"""

import logging
import posixpath
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
BROUGHT_IN: Mapping[str, str] = {
    "README.md": "overview.md",
    "charts/podium/README.md": "chart.md",
    "CHANGELOG.md": "changelog.md",
}
"""Files of the repository, and the page that each becomes."""
DECISIONS = "decisions/index.md"
CODE = r"^(?P<fence> *```\w*)(?: +(?P<info>[^\n]+))?\n(?P<code>.*?^ *```)$"
LINK = r"(?P<before>!?)\[(?P<words>[^\]]*)\]\((?P<target>[^)\s]+)\)"
WORD_OF_CODE = r"`[^`\n]+`"
CODE_OR_LINK = re.compile(f"{CODE}|{WORD_OF_CODE}|{LINK}", re.MULTILINE | re.DOTALL)
TITLE = re.compile(r"^# (.+)$", re.MULTILINE)

log = logging.getLogger("mkdocs.hooks.site")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that docs/ does not hold."""
    for source, page in BROUGHT_IN.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    decisions = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    texts = {decision.name: decision.read_text(encoding="utf-8") for decision in decisions}
    files.append(File.generated(config, DECISIONS, content=index_of(texts)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links and fences from what GitHub takes into what mkdocs takes."""
    here = source_of(page.file.src_uri)
    return site_markdown(markdown, here, exists=lambda path: (ROOT / path).exists(), warn=log.warning)


def index_of(decisions: Mapping[str, str]) -> str:
    """Return a page that lists decisions, by the name of each one's file and its text."""
    lines = [f"- [{_title(text)}]({name})" for name, text in decisions.items()]
    return "\n".join(["# Decisions", "", "Why Podium is as it is, and what was refused.", "", *lines, ""])


def source_of(page: str) -> str:
    """Return where in the repository a page comes from."""
    brought_in = {page: source for source, page in BROUGHT_IN.items()}
    return brought_in.get(page, f"docs/{page}")


def site_markdown(markdown: str, here: str, *, exists: Callable[[str], bool], warn: Callable[[str], object]) -> str:
    """Return a file's Markdown as the site has it; `here` is the file's path in the repository."""

    def changed(found: re.Match[str]) -> str:
        if found["fence"] is not None:
            return f"{found['fence']}{_title_of(found['info'])}\n{found['code']}"
        if found["target"] is None:
            return found[0]
        target = site_target(here, found["target"], exists=exists)
        if target is None:
            if not exists(_resolved(here, found["target"])[0]):
                warn(f"{here}: a link to {found['target']}, which does not exist")
            return found["words"]
        return f"{found['before']}[{found['words']}]({target})"

    return CODE_OR_LINK.sub(changed, markdown)


def site_target(here: str, target: str, *, exists: Callable[[str], bool]) -> str | None:
    """Return where a link of the file `here` leads on the site, or None where the site has no such page."""
    if target.startswith(("#", "mailto:")) or "://" in target:
        return target
    path, anchor = _resolved(here, target)
    page = "docs/" + DECISIONS if path == "docs/decisions" else BROUGHT_IN.get(path, path)
    if page == path and (not path.startswith("docs/") or not exists(path)):
        return None
    start = posixpath.dirname(BROUGHT_IN.get(here, here.removeprefix("docs/")))
    return posixpath.relpath(page.removeprefix("docs/"), start or ".") + anchor


def _resolved(here: str, target: str) -> tuple[str, str]:
    path, mark, anchor = target.partition("#")
    return posixpath.normpath(posixpath.join(posixpath.dirname(here), path)), mark + anchor


def _title_of(info: str | None) -> str:
    return f' title="{info}"' if info and " " not in info else ""


def _title(text: str) -> str:
    found = TITLE.search(text)
    return found[1] if found else "untitled"
