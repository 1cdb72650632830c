"""Where every effective value of one instance comes from, and what it overrides."""

from __future__ import annotations

from dataclasses import dataclass

from agentgit.compile.document import resolved_document
from agentgit.compile.fleet import Fleet, Resolved
from agentgit.compile.layout import require_environment, require_instances
from agentgit.compile.notes import Notes
from agentgit.compile.origins import Recorder, leaves
from agentgit.compile.places import LOCK
from agentgit.compile.references import NO_TEXT
from agentgit.compile.tree import Node, find, origin_of, to_plain
from agentgit.compile.workspace import Workspace
from agentgit.errors import ConfigError
from agentgit.model.desired import Instance
from agentgit.model.origin import Chain, Chains, Origin, Setting
from agentgit.model.snapshot import Snapshot
from agentgit.model.value import Json, Path

_IMAGE = ("container", "image")


@dataclass(frozen=True)
class Explained:
    """One instance, explained.

    `value` is its spec as `compile` prints it. `chains` has every leaf of it that a layer sets;
    what is missing there is a default. `removed` has what a layer set and a higher one removed.
    """

    instance: Instance
    value: dict[str, Json]
    chains: Chains
    removed: Chains


def explain_instance(snapshot: Snapshot, environment: str, instance: str) -> Explained:
    """Compile one instance with the origin of everything.

    Raises ConfigError, and UsageError for names that do not exist.
    """
    require_environment(snapshot, environment)
    require_instances(snapshot, environment, (instance,))
    return Explainer(snapshot, environment).explain(instance)


class Explainer:
    """Explains many instances of an environment that exist; files are read and listed once."""

    def __init__(self, snapshot: Snapshot, environment: str) -> None:
        self._workspace = Workspace(snapshot)
        self._fleet = Fleet(self._workspace, environment)

    def explain(self, instance: str) -> Explained:
        """Compile one of them with the origin of everything. Raises ConfigError."""
        recorder = Recorder()
        notes = Notes(recorder)
        resolved = self._fleet.compile(instance, notes)
        for problem in notes.problems:
            self._workspace.report(problem)
        self._workspace.raise_problems()
        if resolved is None:
            raise ConfigError(f"{instance} cannot be compiled")
        chains = dict(recorder.chains(resolved.tree))
        _follow_definitions(resolved, chains)
        _follow_fillings(resolved, chains)
        _follow_text(resolved, chains)
        _follow_rollout(resolved, chains)
        _follow_lock(resolved, chains)
        document = resolved_document(resolved.instance)
        removed = recorder.removed(resolved.tree)
        return Explained(resolved.instance, document["spec"], chains, removed)


def _follow_text(resolved: Resolved, chains: dict[Path, Chain]) -> None:
    """The text of a file comes from that file first, then from what names it."""
    if resolved.text is NO_TEXT:
        return
    path, text = resolved.text
    layer = "environment" if path.startswith("environments/") else "global"
    origin = Origin.model_validate({"layer": layer, "path": path, "line": 1, "column": 1})
    reference = chains[("instructions", "file")]
    chains[("instructions", "text")] = (Setting(value=text, origin=origin), *reference)


def _follow_definitions(resolved: Resolved, chains: dict[Path, Chain]) -> None:
    """What the catalog says comes from there first, then from what names it."""
    for named in resolved.named:
        reference = _say(named.reference, "set")
        catalog = named.definition.file.path
        for path, chain in chains.items():
            if path[: len(named.path)] == named.path and chain[0].origin.path == catalog:
                chains[path] = (chain[0], reference, *chain[1:])


def _follow_fillings(resolved: Resolved, chains: dict[Path, Chain]) -> None:
    """A value with `${...}` comes from what that stands for, then from where it is written."""
    for path, filling in resolved.fillings.items():
        chain, node = chains.get(path, ()), find(resolved.tree, path)
        if node is None or not chain or chain[0].origin != origin_of(filling.written):
            continue  # a higher layer has overridden what an instance set had put in
        value = to_plain(node)
        settings = [_say(one, "set") for one in filling.definitions]
        settings.append(_say(filling.written, "set"))
        winner = settings[0].model_copy(update={"value": value})
        chains[path] = (winner, *settings[1:], *chain[1:])


def _follow_lock(resolved: Resolved, chains: dict[Path, Chain]) -> None:
    """The digest of an image comes from the lock file first, then from what names the image."""
    node = find(resolved.tree, _IMAGE)
    if node is None or node.file.path != LOCK or _IMAGE not in chains:
        return
    pinned = _say(node, "set")
    name = str(pinned.value).rpartition("@")[0]
    first, *rest = chains[_IMAGE]
    chains[_IMAGE] = (pinned, first.model_copy(update={"value": name}), *rest)


def _say(node: Node, state: str) -> Setting:
    plain = {"value": to_plain(node), "origin": origin_of(node), "state": state}
    return Setting.model_validate(plain)


def _follow_rollout(resolved: Resolved, chains: dict[Path, Chain]) -> None:
    """The values of a named policy come from its document first, then from what names it."""
    if resolved.rollout is None:
        return
    reference = chains.pop(("rollout",))
    for path, node in leaves(resolved.rollout.spec):
        said = Setting(value=to_plain(node), origin=origin_of(node))
        chains[("rollout", *path)] = (said, *reference)
