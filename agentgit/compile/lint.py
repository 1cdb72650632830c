"""What an attentive reader would say about a project that compiles. Asks nothing but its files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agentgit.compile.build import validate_project
from agentgit.compile.envelope import Document
from agentgit.compile.fleet import Fleet
from agentgit.compile.layout import list_environments, require_environment
from agentgit.compile.lint_overrides import Overrides
from agentgit.compile.lint_rules import find_risky, find_unused
from agentgit.compile.lint_use import Use
from agentgit.compile.notes import Notes
from agentgit.compile.origins import Recorder
from agentgit.compile.places import PROJECT
from agentgit.compile.references import References
from agentgit.compile.roster import Member
from agentgit.compile.tree import MapNode, Node, Scalar, find, locate_key, unpack
from agentgit.compile.words import did_you_mean, list_names
from agentgit.compile.workspace import Workspace
from agentgit.errors import Location, Problem
from agentgit.model.finding import RULES, SILENCE, Finding
from agentgit.model.snapshot import Snapshot
from agentgit.model.value import Path


def lint_project(snapshot: Snapshot, environment: str | None = None) -> tuple[Finding, ...]:
    """Find what is useless or risky in a project; with `environment`, in its own files only.

    Every environment is compiled in any case: they all decide what is used. Raises ConfigError
    when the project is not valid, UsageError for an environment that does not exist.
    """
    if environment is not None:
        require_environment(snapshot, environment)
    validate_project(snapshot)
    workspace = Workspace(snapshot)
    references = References(workspace)
    use, overrides, notes = Use(), Overrides(), Notes()
    for name in list_environments(snapshot):
        _observe(Fleet(workspace, name, references), notes, use, overrides)
    found = [
        *overrides.findings(),
        *(Finding("idle-removal", one) for one in _warnings(workspace, notes)),
        *find_unused(workspace, use, references.named),
        *find_risky(use),
    ]
    folder = "" if environment is None else f"environments/{environment}/"
    unique = {(one.rule, one.problem.message, _place(one)): one for one in found}
    result = _silence(workspace, list(unique.values()))
    order = list(RULES)
    return tuple(
        sorted(
            (one for one in result if _place(one).path.startswith(folder)),
            key=lambda one: (order.index(one.rule), _place(one).path, _place(one).line,
                             _place(one).column, one.problem.message),
        )
    )  # fmt: skip


@dataclass
class _Shared:
    """What instances share: what its layers say, and of which paths instances say otherwise."""

    recorder: Recorder
    instances: int = 0
    differing: Counter[Path] = field(default_factory=Counter)

    def uses(self, path: Path) -> int:
        """Count the instances that say nothing else of a path."""
        return self.instances - self.differing[path]


def _observe(fleet: Fleet, notes: Notes, use: Use, overrides: Overrides) -> None:
    """Compile an environment, hearing what every layer says."""
    known: dict[str, _Shared] = {}
    for path in fleet.roster.files:
        for member in fleet.roster.members(path):
            shared = _hear_shared(fleet, member, notes, known)
            if shared is None:
                continue
            notes.record = recorder = Recorder(shared.recorder)
            resolved = fleet.compile_member(member, notes)
            if resolved is not None:
                use.take(resolved)
                overrides.take(recorder)
                shared.instances += 1
                shared.differing.update(recorder.differs())
    for one in known.values():
        overrides.take_shared(one.recorder, one.uses)


def _hear_shared(
    fleet: Fleet, member: Member, notes: Notes, known: dict[str, _Shared]
) -> _Shared | None:
    """Hear what an instance shares with the others of its agent, once for all of them."""
    base = fleet.find_base(member)
    if base is None:
        return None
    if base.agent.name not in known:
        notes.record = recorder = Recorder()
        known[base.agent.name] = _Shared(recorder)
        fleet.hear_base(base, notes)
    return known[base.agent.name]


def _warnings(workspace: Workspace, notes: Notes) -> Iterator[Problem]:
    """Give what removes nothing anywhere: in the layers, and in the vars of environments."""
    yield from notes.warnings
    for problem in workspace.notes.warnings:
        if problem.location is not None and problem.location.path.endswith("/environment.yaml"):
            yield problem


def _place(finding: Finding) -> Location:
    return finding.problem.location or Location("")


def _silence(workspace: Workspace, found: Sequence[Finding]) -> Iterator[Finding]:
    """Attach the reasons that documents give, and find those that are given in vain."""
    used: set[tuple[str, int]] = set()
    for finding in found:
        reason = None
        for document in _documents_for(workspace, _place(finding)):
            node = find(document.root, ("metadata", "annotations", SILENCE + finding.rule))
            if isinstance(node, Scalar) and str(node.value).strip():
                used.add((node.file.path, node.at))
                reason = reason or str(node.value)
        yield Finding(finding.rule, finding.problem, reason)
    for path in workspace.paths:
        for document in workspace.documents(path):
            yield from _check_annotations(document, used)


def _documents_for(workspace: Workspace, place: Location) -> Iterator[Document]:
    """Give the documents that may silence a finding: its own, and the project's."""
    before = [
        document
        for document in workspace.documents(place.path)
        if unpack(document.root.at)[0] <= max(place.line, 1)
    ]
    yield from before[-1:] or workspace.documents(place.path)[:1]
    yield from workspace.documents(PROJECT)


def _check_annotations(document: Document, used: set[tuple[str, int]]) -> Iterator[Finding]:
    annotations = find(document.root, ("metadata", "annotations"))
    for key, node in annotations.items.items() if isinstance(annotations, MapNode) else ():
        if not key.startswith(SILENCE):
            continue
        rule = key.removeprefix(SILENCE)
        if rule not in RULES:
            hint = did_you_mean(rule, RULES) or f"rules are {list_names(RULES)}"
            yield _bad_silence(f"there is no rule {rule}", node, key, hint)
        elif not isinstance(node, Scalar) or not str(node.value).strip():
            yield _bad_silence(f"{rule} is silenced without a reason", node, key, "write why")
        elif (node.file.path, node.at) not in used:
            yield _bad_silence(f"{rule} finds nothing here", node, key, "leave it out")


def _bad_silence(message: str, node: Node, key: str, hint: str) -> Finding:
    return Finding("bad-silence", Problem(message, locate_key(node, key), hint))
