"""The comment on a pull request: short, valid when cut, and nothing but data."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from agentgit.errors import Location, Problem
from agentgit.model.change import FieldChange
from agentgit.model.effect import Comparison, Effect, EffectCause, InstanceEffect, Way
from agentgit.model.origin import Origin
from agentgit.model.snapshot import Commit
from agentgit.report.diff_markdown import write_comment
from agentgit.report.effect_markdown import LIMIT

COMMIT = Commit(sha="3f2a91c" + "0" * 33, subject="<img src=x> @everyone")
BALANCED = {"details", "summary", "table", "thead", "tbody", "tr", "th", "td", "p", "strong",
            "code", "pre", "h3"}  # fmt: skip
ALLOWED = BALANCED | {"br"}


class Shape(HTMLParser):
    """What a browser would make of the rendered comment."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.plain = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not [one for one in attrs if one[0] != "class"]
        if tag in BALANCED:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"code", "pre"} & set(self.open):
            self.plain += data


def render(markdown: str) -> Shape:
    """Render as hosts of pull requests do, before they clean it; check that it is whole."""
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    shape = Shape()
    shape.feed(html)
    shape.close()
    assert shape.open == []
    assert shape.tags <= ALLOWED, shape.tags
    assert "@" not in shape.plain
    return shape


def field(path: str, before: object, after: object, **more: object) -> FieldChange:
    return FieldChange.model_validate(
        {"path": path, "change_class": "config", "before": before, "after": after} | more
    )


def effect(
    environment: str, instances: list[str], fields: list[FieldChange], path: str = "a.yaml"
) -> Effect:
    """Every field is decided by a line of its own, and reaches every instance."""
    return Effect(
        environment=environment,
        total=len(instances),
        instances=tuple(
            InstanceEffect(kind="change", instance=name, agent="support", path=path,
                           replicas_before=2, replicas_after=2, replaces=True,
                           fields=tuple(fields))
            for name in instances
        ),
        causes=tuple(
            EffectCause(
                places=(Origin(layer="global", path=path, line=line),),
                ways=(Way(fields=(one,), instances=tuple(instances)),),
            )
            for line, one in enumerate(fields, start=1)
        ),
    )  # fmt: skip


def comment(*effects: Effect, limit: int = LIMIT) -> str:
    return write_comment(Comparison(before=COMMIT, after=COMMIT, effects=effects), limit)


def test_one_line_that_reaches_five_hundred() -> None:
    names = [f"support-{number:03}" for number in range(500)]
    text = comment(
        effect("production", names, [field("model.params.temperature", 0.7, 0.5)]),
        Effect(environment="staging", total=3),
    )
    assert text.startswith("### agentgit: 1 environment changes\n\n**`production`** · 500 of 500")
    assert (
        "| ~ | `a.yaml:1` | `model.params.temperature` `0.7` → `0.5`: replaces | "
        "500 instances: `support-000`, `support-001` and 498 more |"
    ) in text
    assert "<summary>production: 500 instances, by what changes</summary>" in text
    assert "`staging`: no changes" in text
    assert len(text.encode()) < 1500
    render(text)


def test_a_prompt_is_there_once_word_by_word() -> None:
    prompt = field("instructions.text", "Be kind.\nUp to 50 EUR.\n", "Be kind.\nUp to 200 EUR.\n",
                   lines=(2, 2))  # fmt: skip
    text = comment(effect("production", ["a", "b"], [prompt]), effect("staging", ["a"], [prompt]))
    assert text.count("! Up to [-50-]{+200+} EUR.") == 1
    assert "A text changes for 3 instances" in text
    render(text)


def test_no_changes() -> None:
    assert comment(Effect(environment="staging", total=3)) == (
        "### agentgit: no changes\n\n`3f2a91c` → `3f2a91c`"
    )


def test_errors_are_shown_with_their_side() -> None:
    problem = Problem("no ``` good", Location("a.yaml", 3, 1, excerpt="<b> ```"), hint="```\n```")
    wrong = [Effect(environment=name, problems_after=(problem,)) for name in ("a", "b")]
    text = comment(*wrong)
    assert "**1 error in this change**: `a`, `b`" in text
    assert render(text).plain.count("error") == 1


@pytest.mark.slow
@pytest.mark.parametrize("limit", [1200, 3000, 8000, LIMIT])
def test_it_is_whole_however_much_is_cut(limit: int) -> None:
    names = [f"instance-{number:05}" for number in range(3000)]
    long = "\n".join(f"line {number} " + "word " * 40 for number in range(400))
    fields = [
        *(field(f"config.key{number}", "x" * 500, "y" * 500) for number in range(100)),
        field("instructions.text", long, long.replace("word", "term"), lines=(1, 400)),
    ]
    effects = [effect(f"environment-{number:02}", names, fields) for number in range(60)]
    text = comment(*effects, limit=limit)
    assert len(text.encode()) <= limit
    assert (
        "**Not all of it fits here.** `agentgit diff 3f2a91c 3f2a91c --full` shows everything."
        in text
    )
    render(text)


HOSTILE = st.text(
    alphabet=st.sampled_from("a`|\\ <>/!&[](){}@#*_~\n\r\t$:.-+=\"'\u202e\x1b"), max_size=25
) | st.sampled_from([
    "</details>", "<!--", "-->", "``` \n", "| x | y |", "@acme/everyone", "![x](http://x)",
    "<script>alert(1)</script>", "www.example.org", "\\|", "\\", "`", "</code></pre>", "fixes #1",
])  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_hostile_text_is_only_text(name: str, path: str, before: str, after: str) -> None:
    fields = [
        field(f"config.{path}", before, after),
        field("instructions.text", f"{before}\nx", f"{after}\n{before}", lines=(1, 2)),
    ]
    made = effect(name or "x", [name, path], fields, path=f"{path}.yaml")
    wrong = Effect(environment=after, problems_before=(Problem(before, Location(path, 1), name),))
    shape = render(comment(made, wrong))
    assert not re.search(r"[<>\[\]@#]", shape.plain)
