"""YAML to `Desired`: compile one environment, or check the whole project."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from agentgit.compile.catalog import Catalog
from agentgit.compile.envelope import NEW_ID, Document
from agentgit.compile.fleet import Fleet
from agentgit.compile.known import Known, Memory
from agentgit.compile.layout import (
    list_environments,
    require_environment,
    require_instances,
)
from agentgit.compile.lineage import find_lineage
from agentgit.compile.notes import Notes
from agentgit.compile.parts import Parts, check_file
from agentgit.compile.places import (
    PROJECT,
    ROLLOUTS,
    environment_file,
    find_detours,
    find_misplaced,
    global_agent,
    place_of,
    stems,
)
from agentgit.compile.references import References
from agentgit.compile.tree import locate
from agentgit.compile.validate import validate_tree
from agentgit.compile.words import did_you_mean, list_names
from agentgit.compile.workspace import LINK, Workspace
from agentgit.effects import Cache, Spread
from agentgit.errors import Location, Problem
from agentgit.model.snapshot import Snapshot
from agentgit.model.spec import EnvironmentSpec, ProjectSpec, Rollout

if TYPE_CHECKING:
    from agentgit.model.desired import Desired, Instance, Project


class _TwinsError(Exception):
    """Two files that different processes compiled declare one name."""


def compile_environment(
    snapshot: Snapshot,
    environment: str,
    only: Collection[str] | None = None,
    warn: Callable[[Problem], None] | None = None,
    known: Mapping[str, tuple[Known, ...]] | None = None,
) -> Desired:
    """Resolve what a commit asks for in one environment.

    With `only`, just these instances are compiled. Those of the `known` files are left out, with
    which an earlier run found nothing wrong (see `find_unchanged`). Raises ConfigError with
    everything that is wrong in this environment and the layers it uses, UsageError for names
    that do not exist.
    """
    workspace = Workspace(snapshot)
    project = _read_project(workspace)
    lineage = find_lineage(workspace, environment).names
    _report_misplaced(workspace, ("global", *(f"environments/{name}" for name in lineage)))
    if project is None:
        workspace.raise_problems()
    require_environment(snapshot, environment)
    require_instances(snapshot, environment, only or ())
    desired = _compile(workspace, environment, project, only, known or {})
    workspace.raise_problems()
    if desired is None:
        raise AssertionError("a compile without problems gives a result")
    if warn is not None:
        for problem in workspace.notes.warnings:
            warn(problem)
    return desired


def compile_project(snapshot: Snapshot) -> Project:
    """Read the project's identity from agentgit.yaml. Raises ConfigError."""
    workspace = Workspace(snapshot)
    project = _read_project(workspace)
    workspace.raise_problems()
    if project is None:
        raise AssertionError("a project without problems gives a result")
    return project


def validate_project(
    snapshot: Snapshot, cache: Cache | None = None, spread: Spread | None = None
) -> tuple[Problem, ...]:
    """Check every file and every instance of every environment; give the warnings.

    With a cache, instances whose files are the same as in an earlier run are not compiled again;
    with a spread, they are compiled side by side.
    Raises one ConfigError with all problems, bounded and without repetitions.
    """
    workspace = Workspace(snapshot)
    _check_project(workspace)
    environments = list_environments(snapshot)
    memories = [Memory(cache, workspace, environment) for environment in environments]
    silent = {path for one in memories if one.answer is not None for path in one.below}
    _report_misplaced(workspace, ("global", "environments"), silent)
    references = References(workspace)
    tasks = [(one.environment, path) for one in memories for path in one.list_unknown()]
    parts = Parts(snapshot, tasks, spread)
    try:
        for memory in memories:
            _check_environment(workspace, memory, references, parts)
    except _TwinsError:
        return validate_project(snapshot)
    finally:
        parts.close()
    _check_unused(workspace)
    workspace.raise_problems()
    if not environments:
        hint = "write environments/NAME/environment.yaml"
        return (Problem("the project has no environment", hint=hint),)
    return workspace.notes.warnings


def _read_project(workspace: Workspace) -> Project | None:
    from agentgit.model.desired import Project

    spec, document = _check_project(workspace), workspace.document(PROJECT)
    if spec is None or document is None:
        return None
    ledger = spec.ledger
    return Project(id=spec.id, name=document.name, remote=ledger.remote, keep=ledger.keep)


def _check_project(workspace: Workspace) -> ProjectSpec | None:
    workspace.image_lock  # noqa: B018 -- what is wrong with it is said in any case
    document = workspace.document(PROJECT)
    if document is None:
        if not workspace.exists(PROJECT):
            near = next((path for path in workspace.paths if path.lower() == "agentgit.yml"), None)
            hint = f"rename {near} to {PROJECT}" if near else "agentgit init writes one"
            message = f"there is no {PROJECT} at the root of the repository"
            commit = workspace.snapshot.commit
            if commit is not None and not near:
                message = f"{PROJECT} is not in commit {commit.short}"
                hint = "commit it first, or name a revision that has it"
            workspace.report(Problem(message, Location(PROJECT), hint))
        return None
    if "id" not in document.spec.items:
        workspace.report(Problem("id is missing", locate(document.spec), NEW_ID))
        return None
    return validate_tree(ProjectSpec, document.spec, workspace.report)


def _compile(
    workspace: Workspace,
    environment: str,
    project: Project | None,
    only: Collection[str] | None,
    known: Mapping[str, tuple[Known, ...]],
) -> Desired | None:
    """Compile an environment as far as possible; None after reporting what is wrong."""
    from agentgit.model.desired import Desired

    count = workspace.count
    spec = _read_environment(workspace, environment)
    fleet = Fleet(workspace, environment)
    if only is None:
        instances = list(_compile_all(fleet, known))
    else:
        resolved = (fleet.compile(name) for name in sorted(set(only)))
        instances = [one.instance for one in resolved if one is not None]
    if spec is None or project is None or workspace.count > count:
        return None
    return Desired(
        project=project,
        environment=environment,
        commit=workspace.snapshot.commit,
        branch=spec.source.branch,
        hosts=spec.hosts,
        protection=spec.protection,
        keep_revisions=spec.keep_revisions,
        instances=tuple(sorted(instances, key=lambda one: one.name)),
    )


def _compile_all(fleet: Fleet, known: Mapping[str, tuple[Known, ...]]) -> Iterator[Instance]:
    """Compile all files but the known ones, of which just the names are taken."""
    for path in fleet.roster.files:
        for one in known.get(path, ()):
            fleet.declare(one.name, Location(*one.place))
        if path not in known:
            yield from fleet.compile_file(path)


def find_unchanged(
    before: Snapshot, after: Snapshot, environment: str, cache: Cache
) -> Mapping[str, tuple[Known, ...]]:
    """Find the files of instances that ask for the same in two snapshots, by what is remembered.

    A file is known under all that it shares with others, so one that is known in both is the
    same there, and so is everything that its instances are made of.
    """
    then, now = (
        Memory(cache, Workspace(side), environment, whole=False).list_known()
        for side in (before, after)
    )
    return {path: known for path, known in then.items() if path in now}


def _check_environment(
    workspace: Workspace, memory: Memory, references: References, parts: Parts
) -> None:
    """Compile an environment for what there is to say about it; keep no instance."""
    total = workspace.notes
    if memory.answer is not None:
        total.absorb(memory.answer.notes)
        workspace.take_as_read((*memory.below, *memory.answer.read))
        return
    notes = workspace.notes = Notes()
    _read_environment(workspace, memory.environment)
    fleet = Fleet(workspace, memory.environment, references)
    for path in memory.files:
        known = memory.find(path)
        if known is not None:
            workspace.release(path)
            for one in known:
                fleet.declare(one.name, Location(*one.place))
                fleet.merge_shared(one.agent)
            continue
        result = parts.find(path)
        if result is None:
            result = check_file(fleet, path)
        else:
            workspace.release(path)
            _declare(fleet, result.known)
        if result.silent:
            memory.learn(path, result.known)
    for plain in parts.notes(memory.environment):
        notes.absorb(plain)
    parts.absorb(workspace, references)
    workspace.notes = total
    found = notes.flatten()
    total.absorb(found)
    wrong = workspace.count or total.problems
    memory.save(fleet.lineage.names, references.named, None if wrong else found)


def _declare(fleet: Fleet, known: Iterable[Known]) -> None:
    """Take the names that another process found."""
    for one in known:
        if one.name in fleet.declared:
            raise _TwinsError
        fleet.declared[one.name] = Location(*one.place)


def _read_environment(workspace: Workspace, environment: str) -> EnvironmentSpec | None:
    """Read what declares an environment; None after reporting what is wrong."""
    path = environment_file(environment)
    document = workspace.document(path)
    if document is None and not workspace.exists(path):
        hint = "write it, with kind: Environment and its hosts"
        message = f"the environment {environment} has no environment.yaml"
        workspace.report(Problem(message, Location(path), hint))
    spec = None
    if document is not None:
        spec = validate_tree(EnvironmentSpec, document.spec, workspace.report)
        if spec is not None and not spec.hosts:
            _check_idle(workspace, environment, document)
    _check_agent_files(workspace, environment)
    return spec


def _check_idle(workspace: Workspace, environment: str, document: Document) -> None:
    """Without hosts an environment is only there to be extended, and nothing can run in it."""
    folder = f"environments/{environment}/instances"
    if stems(workspace.below(folder), f"{folder}/"):
        message = "hosts is missing, and there are instances to run"
        hint = "write hosts: {local: {engine: auto}}, which takes what answers on this machine"
        workspace.report(Problem(message, locate(document.spec), hint))


def _check_agent_files(workspace: Workspace, environment: str) -> None:
    """An environment changes agents that exist; a misspelt file would change nothing."""
    folder = f"environments/{environment}/agents"
    for agent in stems(workspace.below(folder), f"{folder}/"):
        if not workspace.exists(global_agent(agent)):
            known = stems(workspace.below("global/agents"), "global/agents/")
            hint = did_you_mean(agent, known) or f"known agents: {list_names(known)}"
            where = Location(f"{folder}/{agent}.yaml")
            workspace.report(Problem(f"there is no agent {agent}", where, hint))


def _check_unused(workspace: Workspace) -> None:
    """Check files that no instance has led to."""
    for path in workspace.paths:
        if not workspace.was_read(path) and place_of(path) is not None:
            workspace.documents(path)
    Catalog(workspace).check()
    for document in workspace.documents(ROLLOUTS):
        validate_tree(Rollout, document.spec, workspace.report)


def _report_misplaced(
    workspace: Workspace, folders: tuple[str, ...], silent: Collection[str] = ()
) -> None:
    """Report what nothing would read; of the `silent` files an earlier run has said nothing."""
    below = (path for folder in folders for path in workspace.below(folder))
    inside = [path for path in below if path not in silent]
    top = [path for path in workspace.paths if "/" not in path and path != PROJECT]
    snapshot = workspace.snapshot
    links = [path for path in (*top, *inside) if snapshot.files[path].mode == LINK]
    within = tuple(f"{folder}/" for folder in folders)
    submodules = [
        path
        for path in snapshot.submodules
        if "/" not in path or path in folders or path.startswith(within)
    ]
    for problem in (*find_misplaced((*top, *inside)), *find_detours(links, submodules)):
        workspace.report(problem)
