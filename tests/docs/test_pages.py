"""Every fenced block of the README and of docs/ is run, or looked over with a reason why it is not run.

`pytest tests/docs/test_pages.py -rP` prints how many of each there are.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine

from controller.database import open_sessions
from tests.docs.blocks import Block, blocks_of, run_blocks
from tests.docs.looking_over import look_over
from tests.docs.study import ROOT, TOKEN, controller_that_trains, finish_what_pages_speak_of, shell_environment
from tests.service import Service

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
OWN_TEST = {"sdk.md": "tests/docs/test_sdk.py", "tutorial.md": "tests/docs/test_tutorial.py"}
"""Pages whose blocks need more than the others' controller."""
RUN = ("sh", "python")


def blocks_in(page: Path) -> list[Block]:
    return list(blocks_of(page.read_text(encoding="utf-8")))


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def is_run(block: Block) -> bool:
    return block.language in RUN and not block.not_run


def fates(blocks: Sequence[Block]) -> Iterable[str]:
    """Yield what becomes of each block; nothing but a text may be left to its reason."""
    before: Block | None = None
    for block in blocks:
        if is_run(block):
            yield "run"
        elif block.language == "text" and not block.not_run:
            assert before is not None, f"line {block.line}: the output of nothing"
            assert is_run(before) or before.not_run, f"line {block.line}: the output of nothing; say why it is not run"
            yield "compared" if is_run(before) else f"not run: {before.not_run}"
        elif block.language in ("yaml", "json"):
            yield "written into a file" if block.info else "validated"
        else:
            yield f"not run: {block.not_run}"
        before = block


@pytest.mark.parametrize("page", [page for page in PAGES if blocks_in(page)], ids=name_of)
def test_every_block_is_sound(page: Path) -> None:
    for block in blocks_in(page):
        try:
            look_over(block)
        except Exception as error:
            error.add_note(f"{name_of(page)}:{block.line}")
            raise


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name not in OWN_TEST and any(map(is_run, blocks_in(page)))], ids=name_of
)
def test_what_a_page_says_happens(page: Path, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(engine, open_sessions(engine), artifacts=tmp_path / "artifacts", admin_token=TOKEN)
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "examples").symlink_to(ROOT / "examples")
    with controller_that_trains(service) as url:
        finish_what_pages_speak_of(url)
        monkeypatch.setenv("PODIUM_URL", url)
        monkeypatch.setenv("PODIUM_TOKEN", TOKEN)
        known = {"try_it": lambda parameters: 1 - abs(parameters["force"] - 2) / 10}
        ran = run_blocks(page, folder, environment=shell_environment(), known=known)
    assert ran == sum(map(is_run, blocks_in(page)))


def test_none_is_left_out() -> None:
    counts = Counter(fate for page in PAGES for fate in fates(blocks_in(page)))
    for fate, count in sorted(counts.items(), key=lambda each: (each[0].startswith("not run"), -each[1], each[0])):
        print(f"{count:4}  {fate}")  # noqa: T201  # what -rP shows
    assert counts["run"] >= 20
