"""YAML to `Desired`: compile one environment, or check the whole project."""

from __future__ import annotations

from collections.abc import Callable, Collection

from agentgit.compile.catalog import Catalog
from agentgit.compile.envelope import NEW_ID
from agentgit.compile.fleet import Fleet
from agentgit.compile.known import Memory
from agentgit.compile.layout import (
    list_environments,
    require_environment,
    require_instances,
)
from agentgit.compile.lineage import find_lineage
from agentgit.compile.places import (
    PROJECT,
    ROLLOUTS,
    environment_file,
    find_misplaced,
    global_agent,
    place_of,
    stems,
)
from agentgit.compile.references import References
from agentgit.compile.tree import locate
from agentgit.compile.validate import validate_tree
from agentgit.compile.words import did_you_mean, list_names
from agentgit.compile.workspace import Workspace
from agentgit.effects import Cache
from agentgit.errors import Location, Problem
from agentgit.model.desired import Desired, Project
from agentgit.model.snapshot import Snapshot
from agentgit.model.spec import EnvironmentSpec, ProjectSpec, Rollout


def compile_environment(
    snapshot: Snapshot,
    environment: str,
    only: Collection[str] | None = None,
    warn: Callable[[Problem], None] | None = None,
) -> Desired:
    """Resolve what a commit asks for in one environment.

    With `only`, just these instances are compiled. Raises ConfigError with everything that is
    wrong in this environment and the layers it uses, UsageError for names that do not exist.
    """
    workspace = Workspace(snapshot)
    project = _read_project(workspace)
    lineage = find_lineage(workspace, environment).names
    _report_misplaced(workspace, ("global", *(f"environments/{name}" for name in lineage)))
    if project is None:
        workspace.raise_problems()
    require_environment(snapshot, environment)
    require_instances(snapshot, environment, only or ())
    desired = _compile(workspace, environment, project, only, References(workspace))
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


def validate_project(snapshot: Snapshot, cache: Cache | None = None) -> tuple[Problem, ...]:
    """Check every file and every instance of every environment; give the warnings.

    With a cache, instances whose files are the same as in an earlier run are not compiled again.
    Raises one ConfigError with all problems, bounded and without repetitions.
    """
    workspace = Workspace(snapshot)
    _read_project(workspace)
    _report_misplaced(workspace, ("global", "environments"))
    references = References(workspace)
    environments = list_environments(snapshot)
    for environment in environments:
        _check_environment(workspace, environment, references, cache)
    _check_unused(workspace)
    workspace.raise_problems()
    if not environments:
        hint = "write environments/NAME/environment.yaml"
        return (Problem("the project has no environment", hint=hint),)
    return workspace.notes.warnings


def _read_project(workspace: Workspace) -> Project | None:
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
    spec = validate_tree(ProjectSpec, document.spec, workspace.report)
    if spec is None:
        return None
    return Project(id=spec.id, name=document.name, remote=spec.ledger.remote)


def _compile(
    workspace: Workspace,
    environment: str,
    project: Project | None,
    only: Collection[str] | None,
    references: References,
) -> Desired | None:
    """Compile an environment as far as possible; None after reporting what is wrong."""
    count = workspace.count
    spec = _read_environment(workspace, environment)
    fleet = Fleet(workspace, environment, references)
    if only is None:
        instances = list(fleet.compile_all())
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
        instances=tuple(sorted(instances, key=lambda one: one.name)),
    )


def _check_environment(
    workspace: Workspace, environment: str, references: References, cache: Cache | None
) -> None:
    """Compile an environment for what there is to say about it; keep no instance."""
    _read_environment(workspace, environment)
    fleet = Fleet(workspace, environment, references)
    memory = None
    if cache is not None:
        memory = Memory(cache, workspace, environment, fleet.lineage.names)
    for path in fleet.roster.files:
        known = None if memory is None else memory.find(path)
        if known is not None:
            workspace.release(path)
            for one in known:
                fleet.declare(one.name, Location(*one.place))
                fleet.merge_shared(one.agent)
            continue
        workspace.notes.file = path
        before = workspace.count_remarks()
        instances = fleet.compile_file(path)
        if memory is not None and instances and workspace.count_remarks() == before:
            memory.learn(path, instances, fleet.declared)
    if memory is not None:
        memory.save(references.named)


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
    _check_agent_files(workspace, environment)
    return spec


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


def _report_misplaced(workspace: Workspace, folders: tuple[str, ...]) -> None:
    inside = [path for folder in folders for path in workspace.below(folder)]
    top = [path for path in workspace.paths if "/" not in path and path != PROJECT]
    for problem in find_misplaced((*top, *inside)):
        workspace.report(problem)
