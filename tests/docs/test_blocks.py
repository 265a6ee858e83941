"""The runner of documentation's blocks notices what is untrue."""

from pathlib import Path

import pytest

from tests.docs.blocks import Untrue, blocks_of, matches, run_blocks, shape_of


def run(tmp_path: Path, markdown: str) -> int:
    file = tmp_path / "page.md"
    file.write_text(markdown)
    return run_blocks(file, tmp_path, environment={"WHO": "world"}, known={"given": 3})


def test_blocks_share_names_and_may_wait(tmp_path: Path) -> None:
    waits = "```python\nimport asyncio\nawait asyncio.sleep(0)\nprint(x)\n```\n"
    page = f"```python\nx = given + 1\n```\n\n{waits}```text\n4\n```\n"
    assert run(tmp_path, page) == 2


def test_files_are_written_and_shells_run(tmp_path: Path) -> None:
    page = "```yaml a.yaml\nkey: 1\n```\n```sh\ncat a.yaml\necho $WHO\n```\n```text\nkey: 1\nworld\n```\n"
    assert run(tmp_path, page) == 1


def test_what_says_why_it_is_not_run_is_not(tmp_path: Path) -> None:
    assert run(tmp_path, "<!-- not run: needs a cluster -->\n```python\n1 / 0\n```\n```text\nanything\n```\n") == 0


def test_a_synopsis_is_run_with_what_stands_in_for_its_words(tmp_path: Path) -> None:
    page = "<!-- run with: NAME=you GREETING=hi -->\n```sh\necho GREETING NAME\n```\n```text\nhi you\n```\n"
    assert run(tmp_path, page) == 1


def test_numbers_may_be_others_where_a_text_says_so(tmp_path: Path) -> None:
    told = "<!-- but for: numbers -->\n```text\ndigits-zzzz 1e-3 of 12\n```\n"
    page = f"```sh\necho 'digits-a1b2   0.97 of 6'\n```\n\n{told}"
    assert run(tmp_path, page) == 1
    assert shape_of("best 3") != shape_of("last 3")


def test_a_mark_is_of_the_block_right_below(tmp_path: Path) -> None:
    assert run(tmp_path, "<!-- not run: no -->\n```sh\nexit 1\n```\n```sh\ntrue\n```\n") == 1


@pytest.mark.parametrize(
    "page",
    ["```python\nprint(5)\n```\n```text\n4\n```\n", "```sh\nexit 3\n```\n", "```sh\necho a\n```\n\n```text\nb\n```\n"],
)
def test_what_is_untrue_is_found(tmp_path: Path, page: str) -> None:
    with pytest.raises(Untrue, match=r"page\.md:"):
        run(tmp_path, page)


def test_an_error_points_into_the_page(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        run(tmp_path, "# Title\n\n```python\n1 / 0\n```\n")
    assert (Path(str(caught.traceback[-1].path)).name, caught.traceback[-1].lineno) == ("page.md", 3)


@pytest.mark.parametrize(
    ("told", "printed", "is_true"),
    [
        ("a ... c\n", "a b c\n", True),
        ("a ... c\n", "a b d\n", False),
        ("a\n...\nz\n", "a\nb\nc\nz\n", True),
        ("a\n...\nz\n", "a\nb\n", False),
        ("a\n", "a  \n", True),
        ("1 + (2)\n", "1 + (2)\n", True),
    ],
)
def test_dots_stand_for_anything(told: str, printed: str, is_true: bool) -> None:
    assert matches(told, printed) is is_true


def test_blocks_know_their_lines() -> None:
    assert [(block.language, block.info, block.line) for block in blocks_of("x\n```yaml a.yaml\nk: 1\n```\n")] == [
        ("yaml", "a.yaml", 3)
    ]
