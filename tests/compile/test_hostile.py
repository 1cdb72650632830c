"""Whatever a file contains, there is a result or one clear error."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentgit.compile.build import compile_environment, validate_project
from agentgit.compile.parse import parse_file
from agentgit.errors import ConfigError
from agentgit.model.snapshot import Snapshot

PIECES = st.one_of(
    st.sampled_from([
        "", "null", "[]", "{}", "[1]", "{a: 1}", '""', "no", "1.5", "true", "- x", "\n", ": ",
        "  ", "!replace ", "&a ", "*a", "|", ">", "'", '"', "\t", "\0", "---\n", "#", "../",
        "é", "\r\n",
        "[" * 150, "<<: ", "? ", "x" * 50, "-1", "99999999999999999999",
    ]),
    st.text(max_size=4),
)  # fmt: skip


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_edited_repository_compiles_or_says_why(
    make_snapshot: Callable[..., Snapshot], basic: dict[str, str], data: st.DataObject
) -> None:
    path = data.draw(st.sampled_from(sorted(path for path in basic if path.endswith(".yaml"))))
    text = basic[path]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 30)))
    edited = (text[:start] + data.draw(PIECES) + text[end:]).encode("utf-8", "replace")
    snapshot = make_snapshot({path: edited})
    for run in (validate_project, lambda one: compile_environment(one, "production")):
        try:
            run(snapshot)
        except ConfigError as error:
            for problem in error.problems:
                assert problem.message
                place = problem.location
                assert place is not None
                assert place.path
                assert place.excerpt is None or place.column <= len(place.excerpt) + 1


@given(st.binary(max_size=60))
def test_any_bytes_are_read(data: bytes) -> None:
    parsed = parse_file("x.yaml", data)
    assert all(problem.location is not None for problem in parsed.problems)
