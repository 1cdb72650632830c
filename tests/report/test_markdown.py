"""Foreign text stays text: read back by a Markdown parser, it is exactly what it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from agentgit.report.markdown import Page, code, details, fence, names, row
from agentgit.report.palette import safe

PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")
HOSTILE = st.text(
    alphabet=st.sampled_from("ab`|\\ <>!&[](){}@#*_~\n\r\t$:/-+=\u202e\x1b"), max_size=30
)


def flat(markdown: str) -> list[Token]:
    tokens = PARSER.parse(markdown)
    return [one for token in tokens for one in (token, *(token.children or ()))]


@given(HOSTILE)
def test_a_code_span_is_what_went_in(text: str) -> None:
    markdown = code(text)
    if "|" not in text:
        spans = [one.content for one in flat(markdown) if one.type == "code_inline"]
        assert [span.strip() for span in spans] == [safe(text).strip()]


@given(HOSTILE, HOSTILE)
def test_a_row_has_the_cells_that_were_meant(left: str, right: str) -> None:
    table = "\n".join([row("a", "b"), row("---", "---"), row(code(left), code(right))])
    tokens = flat(table)
    assert sum(one.type == "td_open" for one in tokens) == 2
    spans = [one.content for one in tokens if one.type == "code_inline"]
    assert len(spans) == 2
    for span, text in zip(spans, (left, right), strict=True):
        assert span.replace("\\", "").strip() == safe(text).replace("\\", "").strip()
    assert {one.type for one in tokens} <= {
        "table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close",
        "tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close", "inline", "text",
        "code_inline",
    }  # fmt: skip


@given(st.lists(HOSTILE.map(safe), min_size=1, max_size=5))
def test_a_fence_ends_where_it_should(lines: list[str]) -> None:
    tokens = [one for one in flat(fence(lines, "diff") + "\n\nafter") if one.type != "inline"]
    assert tokens[0].type == "fence"
    assert tokens[0].content == "\n".join(lines) + "\n"
    assert [one.content for one in tokens if one.type == "text"] == ["after"]


def test_a_pipe_survives() -> None:
    table = "\n".join([row("a"), row("---"), row(code("x|y"))])
    assert [one.content for one in flat(table) if one.type == "code_inline"] == ["x|y"]


def test_names_are_folded() -> None:
    assert names(["a", "b"], 3) == "`a`, `b`"
    assert names(list("abcdef"), 3) == "`a`, `b` and 4 more"


def test_a_page_takes_whole_pieces_as_long_as_they_fit() -> None:
    page = Page(20)
    assert page.add("one", gap="")
    assert not page.add("x" * 30)
    assert page.add("ää")
    assert not page.add("two", keep=20)
    assert (page.text(), page.left_out) == ("one\nää", 2)


def test_details_unfold() -> None:
    tokens = flat(details("More", code("x")))
    assert [one.content for one in tokens if one.type == "html_block"] == [
        "<details><summary>More</summary>\n", "</details>"
    ]  # fmt: skip
