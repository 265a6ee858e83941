"""The site has the same pages as GitHub, with links that lead somewhere, and nothing fetched from elsewhere."""

import re
from pathlib import Path

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config

from hack.site import index_of, site_markdown, site_target

ROOT = Path(__file__).parents[2]
FETCHED = re.compile(r'(?:src=|<link[^>]+href=|@import |url\()["\']?(?:https?:)?//[^"\')>]+')


def exists(path: str) -> bool:
    return path in {"README.md", "docs/training.md", "docs/decisions", "charts/podium/README.md", "docker/trim.py"}


@pytest.mark.parametrize(
    ("here", "target", "there"),
    [
        ("README.md", "docs/training.md#data", "training.md#data"),
        ("README.md", "docs/decisions", "decisions/index.md"),
        ("README.md", "docker/trim.py", None),
        ("docs/index.md", "../README.md", "overview.md"),
        ("docs/decisions/0001-x.md", "../../charts/podium/README.md", "../chart.md"),
        ("docs/decisions/0001-x.md", "../training.md", "../training.md"),
        ("docs/index.md", "missing.md", None),
        ("docs/index.md", "#here", "#here"),
        ("docs/index.md", "https://example.org/", "https://example.org/"),
    ],
)
def test_a_link_leads_to_where_its_page_went(here: str, target: str, there: str | None) -> None:
    assert site_target(here, target, exists=exists) == there


def test_what_the_site_lacks_is_named_without_a_link_and_what_nobody_has_is_told() -> None:
    told: list[str] = []
    page = "[a\nb](docker/trim.py) and [c](gone.md) `[x](y)`\n```sh\n[d](gone.md)\n```\n"
    made = site_markdown(page, "README.md", exists=exists, warn=told.append)
    assert made == "a\nb and c `[x](y)`\n```sh\n[d](gone.md)\n```\n"
    assert told == ["README.md: a link to gone.md, which does not exist"]


def test_a_block_that_is_a_file_has_its_name_as_title() -> None:
    page = "```yaml a.yaml\nk: 1\n```\n"
    assert site_markdown(page, "README.md", exists=exists, warn=print).startswith('```yaml title="a.yaml"\n')


def test_decisions_are_listed_by_their_titles() -> None:
    assert "- [0001. One](0001-one.md)" in index_of({"0001-one.md": "# 0001. One\n\n## Context\n"})


# mkdocs reads the times of files through a deprecated call of its own
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_the_site_builds_without_a_warning_and_fetches_nothing(tmp_path: Path) -> None:
    build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path), strict=True))
    pages = list(tmp_path.rglob("*.html"))
    assert {"index.html", "overview.html", "chart.html"} <= {page.name for page in pages}
    for page in pages:
        assert FETCHED.findall(page.read_text(encoding="utf-8")) == [], page.name
