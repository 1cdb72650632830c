"""The process provider: replicas are processes of this machine, and they survive the command.

Everything is in one folder, private to its owner:

    replicas/NAME/   replica.json (what it is), agent.json (its configuration), run.json (how it
                     was started), pid.json, exit.json, health.json, log
    sources/DIGEST/  exported folders of commits, read-only; another one beside what was edited
    exported/        what was exported, to tell whether somebody has edited it
    volumes/NAME/    data/ outlives every replica
    store/           the host store

Of the resource limits only memory holds (as RLIMIT_DATA, per process: what is reserved but never
used does not count); cpus and pids cannot be limited without a container. The restart policy
holds as long as the machine runs; nothing is started again after a reboot but by the next apply.

That limit is also all that somebody else can change of what a process was started with. With what
it reads from its files, the configuration and the exported folder, it is what a baseline has.
Command, environment and folder only the program itself can change, and many do.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import assert_never

from agentgit.effects import Permit, Tree
from agentgit.errors import DefiniteError, EngineError
from agentgit.model.container import Limits
from agentgit.model.image import BroughtImage, Image
from agentgit.model.observed import EngineKind, HostState, Live, Replica, name_identity
from agentgit.model.steps import (
    CheckRoom,
    CreateReplica,
    EngineStep,
    EnsureImage,
    EnsureNetwork,
    EnsureVolume,
    ExportSource,
    RemoveImage,
    RemoveLeftover,
    RemoveReplica,
    ReplicaSpec,
    Stamp,
    StartReplica,
    StopReplica,
    UpdateReplica,
)
from agentgit.providers.process import health, spawn
from agentgit.providers.process.facts import (
    DOCUMENT,
    RECORD,
    Facts,
    full_environment,
    gather_facts,
)
from agentgit.providers.process.files import engine_errors, locked
from agentgit.providers.process.folders import Folders
from agentgit.providers.process.log import read_log
from agentgit.providers.process.ports import allocate_ports, get, list_foreign, reach
from agentgit.providers.process.source import export_source, find_edited, find_export, note_export
from agentgit.providers.process.store import FolderStore
from agentgit.providers.process.table import check_system, read_data_limit
from agentgit.providers.process.untouched import digest_file
from agentgit.providers.room import check_room, measure_room

_PROBES = 16  # health checks that run side by side
_ALIVE = frozenset({"running", "restarting"})


class ProcessProvider:
    """Implements effects.Provider with processes. `folder` belongs to one project and host."""

    kind: EngineKind = "process"

    def __init__(
        self,
        host: str,
        project_id: str,
        folder: Path,
        tree: Tree,
        *,
        permit: Permit | None = None,
    ) -> None:
        check_system()
        self.host = host
        self._permit = permit or Permit()
        self.store = FolderStore(host, folder / "store", self._permit)
        self._folders = Folders(folder, project_id)
        self._tree = tree

    def observe(self, environment: str) -> HostState:
        """Everything of ours in that environment. Changes nothing but what is known of health."""
        with engine_errors(self.host, "look at its processes"):
            everything = self._folders.replicas()
            mine = [facts for facts in everything if facts.environment == environment]
            edited = {one: find_edited(one) for one in {*map(self._folders.source, mine)}}
            with ThreadPoolExecutor(max_workers=_PROBES) as pool:
                looked = pool.map(lambda facts: self._look(facts, eager=True), mine)
                replicas = tuple(
                    _add_edited(one, edited[self._folders.source(facts)])
                    for one, facts in zip(looked, mine, strict=True)
                    if self._folders.of(one.name).is_dir()
                )
            owners = self._port_owners(everything)
            names = {facts.name for facts in mine}
            return HostState(
                host=self.host,
                engine=self.kind,
                identity=(self.store.read(name_identity(environment)) or b"").decode(),
                version=f"{os.uname().sysname} {os.uname().release}",
                replicas=replicas,
                volumes=self._folders.volumes(environment),
                leftovers=self._folders.leftovers(environment),
                foreign_ports=list_foreign(
                    {port: owner for port, owner in owners.items() if owner not in names},
                    frozenset(port for port, owner in owners.items() if owner in names),
                ),
            )

    def perform(self, step: EngineStep, stamp: Stamp) -> None:  # noqa: C901 - one arm a step
        """Do one step; doing it again changes nothing more."""
        with engine_errors(self.host, step.kind.replace("-", " ")):
            self._permit()
            self._folders.prepare()
            match step:
                case EnsureImage() | EnsureNetwork() | RemoveImage():
                    pass  # a process has no image, and is reached through the host's network
                case CheckRoom():
                    check_room(self.host, self.free_room(), step)
                case EnsureVolume():
                    self._folders.make_volume(step.volume, step.labels)
                case ExportSource():
                    self._export(step)
                case CreateReplica():
                    self._create(step.replica, stamp)
                case StartReplica():
                    self._start(step)
                case UpdateReplica():
                    raise DefiniteError(f"{self.host}: a process cannot be changed in place")
                case StopReplica():
                    self._stop(step, step.grace)
                case RemoveReplica():
                    if facts := self._stop(step, 0.0):
                        self._permit()  # its end may have been waited for
                        self._folders.remove_replica(facts)
                case RemoveLeftover():
                    self._folders.remove_leftover(step.id)
                case _:
                    assert_never(step)

    def replica(self, name: str) -> Replica | None:
        """One replica as it is now; its health check runs when it is time to.

        What was edited is only looked for once it serves: until then it is asked for very often.
        """
        with engine_errors(self.host, f"look at {name}"):
            facts = self._find(name)
            if facts is None:
                return None
            found = self._look(facts, eager=False)
            if not found.serving:
                return found
            return _add_edited(found, find_edited(self._folders.source(facts)))

    def note_files(self, environment: str) -> None:
        """Note exports of which nobody knows what they were, as an older agentgit made them."""
        with engine_errors(self.host, "note what was exported"):
            everything = self._folders.replicas()
            mine = [facts for facts in everything if facts.environment == environment]
            for export in {*map(self._folders.source, mine)}:
                self._permit()
                note_export(export)

    def knock(self) -> None:
        """Say that this machine is there."""

    def logs(self, name: str, *, tail: int | None = None, follow: bool = False) -> Iterator[str]:
        """The lines a replica wrote, oldest first; `follow` waits for more until it has ended."""
        with engine_errors(self.host, f"read the log of {name}"):
            folder = self._folders.of(self._get(name).name)
            yield from read_log(
                folder / spawn.LOG,
                tail=tail,
                follow=follow,
                is_running=lambda: spawn.read_run(folder).state in _ALIVE,
            )

    def request(self, name: str, port: str, path: str, timeout: float) -> tuple[int, bytes]:
        """GET a path of a replica's named port: status and body."""
        with engine_errors(self.host, f"reach port {port} of {name}"):
            address = self._addresses(self._get(name)).get(port)
            if address is None:
                raise EngineError(
                    f"{self.host}: {name} has no port {port}, or has not been started"
                )
            return get(address, path, timeout)

    def find_image(self, name: str) -> Image | None:  # noqa: ARG002 - the Protocol's signature
        """Processes have no image."""
        return None

    def ask_registry(self, name: str) -> str:
        """Nor does anybody here speak with a registry."""
        raise DefiniteError(f"{self.host} runs processes: nobody there can ask for {name}")

    def free_room(self) -> int | None:
        """Bytes left for files of this user where its folder is."""
        return measure_room(self._folders.root)

    def brought_images(self, environment: str) -> tuple[BroughtImage, ...]:  # noqa: ARG002 - the same
        """None, as there are none."""
        return ()

    def close(self) -> None:
        """Nothing is held between calls."""

    def _export(self, step: ExportSource) -> None:
        used = frozenset(facts.source for facts in self._folders.replicas())
        files = self._tree(step.commit, step.path)
        export_source(self._folders.sources, step.source, files, used)

    def _create(self, replica: ReplicaSpec, stamp: Stamp) -> None:
        facts = gather_facts(replica, stamp, secrets.token_hex(16), self._folders.root)
        export = find_export(self._folders.sources, facts.source)
        if export is None:
            raise DefiniteError(
                f"{self.host}: the source folder of {replica.instance} has not been exported",
                hint="run the command again",
            )
        facts = facts.model_copy(update={"source": export})
        self._folders.make_replica(facts, replica.document)

    def _start(self, step: StartReplica) -> None:
        facts = self._get(step.name)
        folder = self._folders.of(facts.name)
        with ExitStack() as held:
            with locked(self._folders.root / "lock"):  # ports are given out one after the other
                running = spawn.read_run(folder).state in _ALIVE
                lock = None if running else spawn.claim(folder)
                if lock is not None:
                    held.callback(os.close, lock)
                    others = [one for one in self._folders.replicas() if one.name != facts.name]
                    ports = allocate_ports(self.host, facts.ports, self._port_owners(others))
                    cwd = self._folders.source(facts)
                    spawn.describe_run(facts, folder, cwd, ports)
            if lock is not None:
                self._permit()  # ports may have been waited for
                spawn.launch(facts, folder, lock, step.timeout)
            else:
                spawn.await_start(folder, step.timeout)

    def _stop(self, step: StopReplica | RemoveReplica, grace: float) -> Facts | None:
        """Stop the replica that is meant; None when it is gone."""
        facts = self._find(step.name, step.id)
        if facts is not None:
            spawn.stop(facts, self._folders.of(facts.name), grace, step.timeout)
        return facts

    def _look(self, facts: Facts, *, eager: bool) -> Replica:
        folder = self._folders.of(facts.name)
        run = spawn.read_run(folder)
        found = Replica(
            host=self.host,
            id=facts.id,
            name=facts.name,
            instance=facts.instance,
            agent=facts.agent,
            slot=facts.slot,
            revision=facts.revision,
            commit=facts.commit,
            rollout=facts.rollout,
            fence=facts.fence,
            state=run.state,
            exit_code=run.exit_code,
            restarts=run.restarts,
            error=run.error,
            started_at=run.started_at,
            addresses=self._addresses(facts),
            live=Live(limits=Limits(memory=facts.memory), restart=facts.restart),
            facts={
                **{name: digest_file(folder / name) for name in (RECORD, DOCUMENT)},
                **_read_limits(facts, run),
            },
        )
        if run.state != "running" or facts.healthcheck is None:
            return found
        probe = health.Probe(
            check=facts.healthcheck,
            folder=folder,
            cwd=self._folders.source(facts),
            environment=full_environment(facts, folder, run.ports),
            run=run.run,
            began=run.began,
        )
        seen = health.look(probe, eager=eager)
        lines = seen.output.strip().splitlines()
        probe_said = lines[-1].strip() if lines else ""
        return found.model_copy(update={"health": seen.status, "probe": probe_said})

    def _addresses(self, facts: Facts) -> dict[str, str]:
        ports = spawn.read_run(self._folders.of(facts.name)).ports
        return {
            name: reach(port, ports[name])
            for name, port in sorted(facts.ports.items())
            if name in ports
        }

    def _port_owners(self, replicas: list[Facts]) -> dict[int, str]:
        """Which of these replicas has which port; one that has ended keeps none."""
        runs = ((facts.name, spawn.read_run(self._folders.of(facts.name))) for facts in replicas)
        return {
            port: name
            for name, run in runs
            if run.state in _ALIVE or run.starting
            for port in run.ports.values()
        }

    def _find(self, name: str, identity: str | None = None) -> Facts | None:
        """The replica of that name, None when it is gone or is not the one that is meant."""
        facts = self._folders.replica(name)
        return facts if facts and identity in {None, facts.id} else None

    def _get(self, name: str) -> Facts:
        facts = self._find(name)
        if facts is None:
            raise DefiniteError(f"{self.host}: there is no replica {name}")
        return facts


def _add_edited(replica: Replica, edited: Mapping[str, str] | None) -> Replica:
    """Add what somebody edited in the export that a replica runs from, or that nobody knows."""
    if edited is None:
        return replica.model_copy(update={"unverified": True})
    return replica.model_copy(update={"facts": {**replica.facts, **edited}})


def _read_limits(facts: Facts, run: spawn.Run) -> dict[str, str]:
    """Read what the kernel holds a process to now; what does not run will be held to the same."""
    if facts.memory is None:
        return {}
    running = run.process if run.state == "running" else None
    limit = read_data_limit(running) if running else None
    return {"memory": str(facts.memory if limit is None else limit)}
