"""The report as Markdown: nothing that a user typed becomes markup, a link, or an order to a terminal."""

import pytest
from markdown_it import MarkdownIt

from podium.study_markdown import fenced, markdown_of, plain
from tests.study.arms import a_report, an_arm
from tests.study.hostile import HOSTILE, hostile_report


@pytest.mark.parametrize("text", [*HOSTILE, "val_accuracy", "1 < 2 & 3 > 2", "a | b", "C:\\x", "__init__", "~~a~~"])
def test_text_is_shown_as_it_is(text: str) -> None:
    """As a renderer of CommonMark with tables and strikethrough shows it, within a paragraph and within a table."""
    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    for document in (f"Say: {plain(text)}", f"| a |\n| --- |\n| {plain(text)} |"):
        tokens = [child for token in markdown.parse(document) for child in token.children or ()]
        assert {token.type for token in tokens} <= {"text", "text_special"}
        shown = "".join(token.content for token in tokens)
        assert " ".join(text.split()).replace("\x1b", "\ufffd").replace("\x00", "\ufffd") in shown


def test_a_hostile_report_has_only_its_own_structure() -> None:
    """Its headings, tables and blocks are those of the same report with harmless names."""
    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])

    def structure(text: str) -> list[str]:
        return [token.type for token in markdown.parse(text)]

    written = markdown_of(hostile_report("<script>alert(1)</script>"))
    assert structure(written) == structure(markdown_of(hostile_report("harmless")))
    for name in HOSTILE:
        written = markdown_of(hostile_report(name))
        tokens = markdown.parse(written)
        inline = {child.type for token in tokens for child in token.children or ()}
        assert not inline & {"html_inline", "link_open", "image", "em_open", "strong_open", "code_inline", "s_open"}
        assert "html_block" not in {token.type for token in tokens}
        assert "\x1b" not in written


def test_a_fence_is_longer_than_any_within() -> None:
    first, *_, last, _ = fenced("a: |\n  ````\n", "yaml")
    assert (first, last) == ("`````yaml", "`````")


def test_names_are_not_disfigured() -> None:
    assert plain("val_accuracy of cars-extractor-x7k2 (trial 2) [+1.5]") == (
        "val_accuracy of cars-extractor-x7k2 (trial 2) \\[+1.5\\]"
    )


def test_a_brief_report_leaves_out_mistakes_and_how_it_was_run() -> None:
    whole, brief = markdown_of(a_report(an_arm())), markdown_of(a_report(an_arm()), is_brief=True)
    for heading in ("### How it was run", "### What it still gets wrong"):
        assert heading in whole
        assert heading not in brief
    assert "learning_rate: 0.1" in brief
