"""Reads a Markdown case of the format: files in, what the compiler makes of them out.

Files are fenced blocks whose info string is `yaml PATH`; a block `text PATH` is any other file.
Blocks before the first `##` belong to every case of the file. The answers are blocks of these
kinds, any number of them, for one instance of `production` (`support-eu` unless the block names
another as `INSTANCE:`):

    resolved [INSTANCE:] [PATH...]   the resolved values, those at the paths or the whole document
    explain [INSTANCE:] PATH...      where the values at the paths come from
    layers [INSTANCE:]               the files that make it up
    instances                        the names and labels of all instances
    warnings                         what a compile that works warns of
    error                            what a compile that does not work says
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agentgit.compile.build import compile_environment, validate_project
from agentgit.compile.document import emit_yaml, resolved_document
from agentgit.compile.explain import explain_instance
from agentgit.compile.layout import layers_of
from agentgit.errors import AgentgitError
from agentgit.model.snapshot import Entry, Snapshot
from agentgit.model.value import parse_dotted
from agentgit.report.explain_text import write_chains
from agentgit.report.layers_text import write_layers
from agentgit.report.problems import write_problems

ENVIRONMENT = "production"
FOLDER = Path(__file__).parent / "format"
BLOCK = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
NAMED = re.compile(r"[a-z0-9-]+:\Z")


@dataclass
class FormatCase:
    """One case: its files, and what is said of them by the first line of each answer's block."""

    title: str
    files: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)


def read_format_cases(path: Path) -> list[FormatCase]:
    """Split a file into its cases."""
    head, *sections = re.split(r"^## ", path.read_text(), flags=re.MULTILINE)
    shared = _read_section("", head)
    cases = [_read_section(*section.split("\n", 1)) for section in sections]
    for case in cases:
        case.files = {**shared.files, **case.files}
    return [case for case in cases if case.answers]


def answer(case: FormatCase, info: str) -> str:
    """Give today's answer to one block of a case."""
    kind, *words = info.split()
    instance = "support-eu"
    if words and NAMED.match(words[0]):
        instance = words.pop(0).removesuffix(":")
    try:
        text = ANSWERS[kind](_snapshot(case.files), instance, words)
    except AgentgitError as error:
        return write_problems(error.problems)
    return text.rstrip("\n")


def rewrite(path: Path) -> None:
    """Write today's answers into a file of cases."""
    head, *sections = re.split(r"^## ", path.read_text(), flags=re.MULTILINE)
    shared = _read_section("", head)
    done = []
    for section in sections:
        case = _read_section(*section.split("\n", 1))
        case.files = {**shared.files, **case.files}

        def put_in(block: re.Match[str], case: FormatCase = case) -> str:
            info = block[1]
            if info not in case.answers:
                return block[0]
            return f"```{info}\n{answer(case, info)}\n```"

        done.append(BLOCK.sub(put_in, section))
    path.write_text("## ".join([head, *done]))


def _read_section(title: str, body: str) -> FormatCase:
    case = FormatCase(title)
    for info, text in BLOCK.findall(body):
        kind, *words = info.split()
        if kind in ANSWERS:
            case.answers[info] = text.rstrip("\n")
        else:
            case.files[words[0]] = text
    return case


def _snapshot(files: dict[str, str]) -> Snapshot:
    entries = {path: Entry("100644", path) for path in files}
    return Snapshot(None, entries, lambda path: files[path].encode())


def _resolve(snapshot: Snapshot, instance: str, paths: Sequence[str]) -> str:
    desired = compile_environment(snapshot, ENVIRONMENT)
    found = desired.instance(instance)
    assert found is not None, f"no {instance}"
    document = resolved_document(found)
    if not paths:
        del document["processRevision"], document["revision"]
        return emit_yaml(document)
    return "".join(emit_yaml({path: _look_up(document["spec"], path)}) for path in paths)


def _look_up(value: object, path: str) -> object:
    for key in parse_dotted(path):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _explain(snapshot: Snapshot, instance: str, paths: Sequence[str]) -> str:
    explained = explain_instance(snapshot, ENVIRONMENT, instance)
    chains = {**explained.chains, **explained.removed}
    return "\n".join(write_chains(chains, parse_dotted(path)) for path in paths)


def _list_layers(snapshot: Snapshot, instance: str, _: Sequence[str]) -> str:
    return write_layers(layers_of(snapshot, ENVIRONMENT, instance), instance, ENVIRONMENT)


def _list_instances(snapshot: Snapshot, _: str, __: Sequence[str]) -> str:
    instances = compile_environment(snapshot, ENVIRONMENT).instances
    return "\n".join(f"{one.name}  {dict(sorted(one.labels.items()))}" for one in instances)


def _warn(snapshot: Snapshot, _: str, __: Sequence[str]) -> str:
    return write_problems(validate_project(snapshot), level="warning") or "none"


def _fail(snapshot: Snapshot, _: str, __: Sequence[str]) -> str:
    validate_project(snapshot)
    return "no error"


ANSWERS: dict[str, Callable[[Snapshot, str, Sequence[str]], str]] = {
    "resolved": _resolve,
    "explain": _explain,
    "layers": _list_layers,
    "instances": _list_instances,
    "warnings": _warn,
    "error": _fail,
}


if __name__ == "__main__":
    for markdown in sorted(FOLDER.glob("*.md")):
        rewrite(markdown)
