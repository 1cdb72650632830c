"""What holds for every project, valid or not, in everything that only reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from zlib import crc32

from agentgit.compile.build import compile_environment, validate_project
from agentgit.compile.document import emit_yaml, resolved_document
from agentgit.compile.explain import Explained, explain_instance
from agentgit.compile.layout import layers_of, list_environments, list_instances
from agentgit.compile.lint import lint_project
from agentgit.compile.parse import parse_file
from agentgit.compile.trace import Tracer
from agentgit.compile.tree import to_plain
from agentgit.errors import AgentgitError, ConfigError, Problem, UsageError
from agentgit.model.desired import Desired, Instance
from agentgit.model.snapshot import Snapshot
from agentgit.model.value import Json, Path
from agentgit.report.explain_text import write_chains, write_document
from agentgit.report.json_v1 import compile_document, dump, explain_document
from agentgit.report.layers_text import write_layers
from agentgit.report.lint_text import findings_document, write_findings
from tests.builders import DictCache
from tests.fuzz.place_rules import check_printed, check_problems

Files = Mapping[str, bytes]
Verdict = tuple[tuple[Problem, ...], tuple[Problem, ...]]  # what is wrong, and warnings
MAX_EXPLAINED = 3  # instances of an environment


def check_project(make: Callable[[Files], Snapshot], files: Files) -> None:
    """Run what only reads, and compare what its parts say of the same files."""
    snapshot = make(files)
    problems, warnings = check_validation(snapshot, files)
    backwards = make(dict(reversed(files.items())))
    if crc32(b"".join(files.values())) % 3 == 0:  # a comparison that takes long, for one in three
        assert _validate(backwards) == (problems, warnings), "the order of files matters"
        shelf = DictCache()
        for _ in range(2):
            assert _validate(snapshot, shelf) == (problems, warnings), "the cache says more"
    _check_lint(snapshot, files, is_valid=not problems)
    for environment in list_environments(snapshot):
        desired = _compile(snapshot, environment, files)
        assert desired is not None or problems, f"valid, and {environment} does not compile"
        if desired is not None:
            assert _compile(backwards, environment, files) == desired, "the order of files matters"
            _check_desired(snapshot, desired)


def check_validation(snapshot: Snapshot, files: Files) -> Verdict:
    """Check what a compile of everything says of the files."""
    problems, warnings = _validate(snapshot)
    check_problems((*problems, *warnings), files)
    return problems, warnings


def _validate(snapshot: Snapshot, shelf: DictCache | None = None) -> Verdict:
    try:
        return (), validate_project(snapshot, shelf)
    except ConfigError as error:
        return error.problems, ()


def _check_lint(snapshot: Snapshot, files: Files, *, is_valid: bool) -> None:
    try:
        found = lint_project(snapshot)
    except ConfigError:
        assert not is_valid, "valid, and lint refuses it"
        return
    assert is_valid, "lint takes what is not valid"
    check_problems([one.problem for one in found], files)
    check_printed(write_findings(found))
    dump(findings_document(found)).encode()


def _compile(snapshot: Snapshot, environment: str, files: Files) -> Desired | None:
    warnings: list[Problem] = []
    try:
        desired = compile_environment(snapshot, environment, None, warnings.append)
    except AgentgitError as error:
        check_problems(error.problems, files)
        for call in (list_instances, _explain_first):
            _expect_clean(call, snapshot, environment, files)
        return None
    check_problems(warnings, files)
    return desired


def _explain_first(snapshot: Snapshot, environment: str) -> None:
    for name in list_instances(snapshot, environment)[:1]:
        layers_of(snapshot, environment, name)
        explain_instance(snapshot, environment, name)


def _expect_clean(
    call: Callable[[Snapshot, str], object], snapshot: Snapshot, environment: str, files: Files
) -> None:
    try:
        call(snapshot, environment)
    except (ConfigError, UsageError) as error:
        check_problems(error.problems, files)


def _check_desired(snapshot: Snapshot, desired: Desired) -> None:
    environment = desired.environment
    names = tuple(one.name for one in desired.instances)
    assert list_instances(snapshot, environment) == names
    documents = [resolved_document(one) for one in desired.instances]
    text = dump(compile_document(desired, documents))
    text.encode()
    tracer = Tracer(snapshot, desired)
    for one, document in zip(desired.instances[:MAX_EXPLAINED], documents, strict=False):
        _check_written(document)
        only = compile_environment(snapshot, environment, only=(one.name,))
        assert only.instances == (one,), "alone an instance is another"
        layers = layers_of(snapshot, environment, one.name)
        check_printed(write_layers(layers, one.name, environment))
        explained = explain_instance(snapshot, environment, one.name)
        _check_explained(one, explained, tracer)
        chains = {**explained.chains, **explained.removed}
        dump(explain_document(environment, one.name, chains, (), None)).encode()


def _check_written(document: Mapping[str, Json]) -> None:
    """What `compile` prints is read back equal, but for NUL, which a text file may hold."""
    written = emit_yaml(dict(document))
    written.encode()
    if "\\u0000" in written:
        return
    again = parse_file("x.yaml", written.encode())
    assert not again.problems, (again.problems[0], written)
    assert to_plain(again.documents[0]) == _listed(document), written


def _listed(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {key: _listed(one) for key, one in value.items()}
    return [_listed(one) for one in value] if isinstance(value, list | tuple) else value


def _check_explained(one: Instance, explained: Explained, tracer: Tracer) -> None:
    """Every chain leads to a value that is there, and its winner says that value."""
    assert explained.instance == one, "explained, an instance is another"
    for path, chain in explained.chains.items():
        found = _find(explained.value, path)
        assert chain[0].state == "set", path
        if path[0] in {"config", "model"}:
            assert _listed(chain[0].value) == _listed(found), path
        tracer.place(one.name, path)
        tracer.reference(one.name, path)
    for path in explained.removed:
        assert path not in explained.chains, path
        tracer.remover(one.name, path)
    check_printed(write_document(explained.value, explained.chains, ()))
    check_printed(write_chains({**explained.chains, **explained.removed}, ()))


def _find(value: Json, path: Path) -> Json:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
