"""Reads a Markdown case and plays it on the memory provider.

Files are fenced blocks whose info string is `yaml PATH` (what is applied first) or
`yaml PATH then` (what is planned afterwards); a block `text PATH` is any other file. Between the
two a block `live` may change what runs, or begin the second rollout: `interrupt after 1` ends it
after its first wave and the pause that follows, `interrupt in 1` within that pause. The answer is
a block `plan` or `error`. Blocks before the first `##` belong to every case of the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agentgit.compile.build import compile_environment
from agentgit.compile.explain import explain_instance
from agentgit.compile.trace import Tracer
from agentgit.errors import AgentgitError
from agentgit.execute.hooks import NoGuard
from agentgit.execute.interpreter import Execution, execute
from agentgit.model.container import Limits
from agentgit.model.desired import Desired, Instance
from agentgit.model.observed import Live, Observed, Replica
from agentgit.model.origin import Chains, Origin
from agentgit.model.plan import Plan
from agentgit.model.snapshot import Commit, Entry, Snapshot
from agentgit.model.steps import Hold, Stamp
from agentgit.model.value import parse_size
from agentgit.plan.build import build_plan
from agentgit.plan.effect import compare_environments
from agentgit.plan.refusal import check_refused
from agentgit.plan.request import NoEvidence, PlanRequest
from agentgit.providers.memory import MemoryEngine, MemoryProvider
from agentgit.report.plan_text import write_plan
from agentgit.report.problems import write_problems
from tests.builders import ManualClock

ENVIRONMENT = "production"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BLOCK = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)


@dataclass
class Case:
    """One case: files before and after, what happens to the live state, the expected answer."""

    title: str
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str | None] = field(default_factory=dict)
    live: list[str] | None = None
    answer: str = ""


def read_cases(path: Path) -> list[Case]:
    """Split a file into its cases."""
    head, *sections = re.split(r"^## ", path.read_text(), flags=re.MULTILINE)
    shared = _read_section("", head)
    cases = []
    for section in sections:
        title, _, body = section.partition("\n")
        case = _read_section(title, body)
        case.before = {**shared.before, **case.before}
        cases.append(case)
    return cases


def play(case: Case) -> tuple[str, str]:
    """Give the kind of answer (`plan` or `error`) and its text."""
    try:
        first = _snapshot(case.before, "88e01b2", "Before", hours=30)
        desired = compile_environment(first, ENVIRONMENT)
        engines = {host: MemoryEngine() for host in sorted(desired.hosts)}
        providers = {h: MemoryProvider(h, desired.project.id, one) for h, one in engines.items()}
        ran = bool(case.after) or case.live is not None
        if ran:
            _apply(desired, providers)
        files = {**case.before, **case.after}
        kept = {path: text for path, text in files.items() if text is not None}
        second = _snapshot(kept, "3f2a91c", "After", hours=2) if case.after else first
        wanted = compile_environment(second, ENVIRONMENT)
        request = _live(case.live or [], engines, wanted, providers)
        own = compare_environments(desired, wanted, Tracer(first, desired), Tracer(second, wanted))
        plan = build_plan(
            wanted,
            _observe(providers),
            request.model_copy(update={"own": own}),
            _Evidence(first if ran else None, second),
        )
    except AgentgitError as error:
        return "error", write_problems(error.problems)
    shown = write_plan(plan, now=NOW)
    try:
        check_refused(plan)
    except AgentgitError as error:
        return "plan", f"{shown}\n\n{write_problems(error.problems)}"
    return "plan", shown


def rewrite(path: Path) -> None:
    """Write today's answers into a file of cases."""
    text = path.read_text()
    head, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    answers = [play(case) for case in read_cases(path)]
    done = [
        re.sub(
            r"^```(plan|error)\n(.*\n)*?```$",
            lambda _, kind=kind, text=text: f"```{kind}\n{text}\n```",
            section,
            flags=re.MULTILINE,
        )
        for section, (kind, text) in zip(sections, answers, strict=True)
    ]
    path.write_text("## ".join([head, *done]))


def _read_section(title: str, body: str) -> Case:
    case = Case(title)
    for info, text in BLOCK.findall(body):
        words = info.split()
        if words[0] in {"plan", "error"}:
            case.answer = text.rstrip("\n")
        elif words[0] == "live":
            case.live = text.splitlines()
        elif words[-1] == "gone":
            case.after[words[1]] = None
        elif words[-1] == "then":
            case.after[words[1]] = text
        else:
            case.before[words[1]] = text
    return case


def _snapshot(files: dict[str, str], sha: str, subject: str, *, hours: int) -> Snapshot:
    commit = Commit(
        sha=sha.ljust(40, "0"), author="Ana", time=NOW - timedelta(hours=hours), subject=subject
    )
    entries = {path: Entry("100644", path) for path in files}
    return Snapshot(commit, entries, lambda path: files[path].encode())


def _observe(providers: dict[str, MemoryProvider]) -> Observed:
    states = tuple(providers[host].observe(ENVIRONMENT) for host in sorted(providers))
    return Observed(environment=ENVIRONMENT, hosts=states)


def _live(
    lines: list[str],
    engines: dict[str, MemoryEngine],
    desired: Desired,
    providers: dict[str, MemoryProvider],
) -> PlanRequest:
    """Play a `live` block in order; gives the request, with the pauses that were passed."""
    request = PlanRequest()
    for verb, *words in (line.split() for line in lines):
        if verb != "interrupt":
            _change(engines, [verb, *words])
            continue
        where, waves = words[0], int(words[1])
        plan = build_plan(desired, _observe(providers), request, NoEvidence())
        held = _run(plan.model_copy(update={"waves": plan.waves[:waves]}), providers)
        over = held if where == "after" else held[:-1]
        passed = request.passages | {one for hold in over for one in hold.passes}
        request = PlanRequest(passages=passed)
    return request


def _run(plan: Plan, providers: dict[str, MemoryProvider]) -> list[Hold]:
    guard = NoGuard()
    stamp = Stamp(rollout="r", fence=1)
    execution = Execution(dict(providers), ManualClock(), stamp, guard=guard, workers=1)
    list(execute(plan, execution))
    assert execution.ok(), execution.failure
    return guard.holds


def _apply(desired: Desired, providers: dict[str, MemoryProvider]) -> None:
    _run(build_plan(desired, _observe(providers), PlanRequest(), NoEvidence()), providers)


def _change(engines: dict[str, MemoryEngine], words: list[str]) -> None:
    """Play one line of a `live` block: VERB INSTANCE SLOT [VALUE], or `port NUMBER OWNER`."""
    verb, instance, slot, *rest = words
    if verb == "port":
        for engine in engines.values():
            engine.foreign_ports[int(instance)] = slot
        return
    engine, name, (replica, spec) = next(
        (engine, name, found)
        for engine in engines.values()
        for name, found in engine.replicas.items()
        if (found[0].instance, found[0].slot) == (instance, int(slot))
    )
    if verb == "remove":
        del engine.replicas[name]
        return
    if verb == "copy":
        copies = sum(one.startswith(f"{name}-copy") for one in engine.replicas)
        called = f"{name}-copy{copies or ''}"
        twin = replica.model_copy(update={"id": engine.next_id(), "name": called})
        engine.replicas[twin.name] = (twin, spec)
        return
    if verb == "forge":  # somebody's own container with our labels: beside ours, or instead of it
        made = {"id": engine.next_id(), "name": name if rest else f"{name}-0", "handmade": True}
        twin = replica.model_copy(update=made)
        engine.replicas[twin.name] = (twin, spec)
        return
    facts = {
        "pause": {"state": "paused", "health": "unhealthy"},
        "stop": {"state": "exited", "exit_code": 137},
        "sicken": {"health": "unhealthy"},
        "limit": {"live": _limited(replica, rest)},
    }[verb]
    engine.replicas[name] = (replica.model_copy(update=facts), spec)


def _limited(replica: Replica, rest: list[str]) -> Live:
    """Read `limit INSTANCE SLOT MEMORY [PIDS]`."""
    limits = replica.live.limits
    if rest:
        pids = int(rest[1]) if rest[1:] else limits.pids
        limits = Limits(cpus=limits.cpus, memory=parse_size(rest[0]), pids=pids)
    return Live(limits=limits, restart=replica.live.restart)


class _Evidence:
    """Compiles both commits, as the pipeline does."""

    def __init__(self, first: Snapshot | None, second: Snapshot | None) -> None:
        self._first = first
        self._second = second

    def chains(self, instance: str) -> Chains:
        assert self._second is not None
        return explain_instance(self._second, ENVIRONMENT, instance).chains

    def before(self, replica: Replica) -> Instance | None:
        return self.applied(replica.instance)

    def applied(self, instance: str) -> Instance | None:
        if self._first is None:  # nothing ever was
            return None
        found = compile_environment(self._first, ENVIRONMENT).instance(instance)
        return found.model_copy(update={"commit": "first"}) if found else None

    def places(self, instance: Instance) -> Tracer:
        snapshot = self._first if instance.commit else self._second
        assert snapshot is not None
        return Tracer(snapshot, compile_environment(snapshot, ENVIRONMENT))

    def around(self, instance: Instance) -> Desired | None:
        snapshot = self._first if instance.commit else self._second
        return compile_environment(snapshot, ENVIRONMENT) if snapshot else None

    def environment_place(self, path: tuple[str, ...]) -> Origin | None:
        assert self._second is not None
        desired = compile_environment(self._second, ENVIRONMENT)
        return Tracer(self._second, desired).environment_place(path)


if __name__ == "__main__":
    for markdown in sorted(Path(__file__).parent.glob("*.md")):
        rewrite(markdown)
