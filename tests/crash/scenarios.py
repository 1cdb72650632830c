"""The scenarios of the matrix: every strategy with every kind of change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agentgit.model.steps import ReplicaSpec
from tests.builders import PROJECT_ID
from tests.crash.observer import Rules
from tests.crash.stage import Stage, new_stage, run

Files = Mapping[str, str | None]

PROJECT = f"""\
apiVersion: agentgit.dev/v1alpha1
kind: Project
metadata: {{name: acme}}
spec: {{id: {PROJECT_ID}}}
"""
AGENT = """\
kind: Agent
metadata: {{name: {name}}}
spec:
  container: {{image: "acme/agent:{tag}", healthcheck: {{test: check}}{container}}}
  instructions: {{text: "{text}"}}
  scale: {{replicas: {replicas}}}
  rollout: {{minHealthyTime: 200ms, {rollout}}}
"""
INSTANCE = "kind: Instance\nmetadata: {{name: {name}}}\nspec: {{agent: {name}}}\n"

STRATEGIES = {
    "recreate": "strategy: recreate",
    "rolling": "maxSurge: 1",
    "surge 2": "maxSurge: 2",
    "unavailable": "maxSurge: 0, maxUnavailable: 1",
    "mixed": "maxSurge: 1, maxUnavailable: 1",
    "canary": "strategy: canary, steps: [{setWeight: 33}, {pause: {duration: 10s}}, "
    "{setWeight: 67}, {pause: {duration: 5s}}]",
}
LEAST = {"recreate": 0, "rolling": 3, "surge 2": 3, "unavailable": 2, "mixed": 2, "canary": 3}
REPLICAS = 3
WARMING_UP = 0.5  # seconds until a replica is what it will be
HEALTHY_FOR = 3.0  # seconds after which one that sickens is unhealthy
_PREPARED: dict[str, tuple[Stage, dict[str, Any]]] = {}


@dataclass(frozen=True)
class Scenario:
    """What runs at first, what is committed then, what is asked for, and what must always hold.

    The first `applied` of the `steps` are committed and applied, the others only committed. `ends`
    is how the command ends when nobody kills it. `later` is committed after the kill: then it is
    not the same command that repairs, but an apply of the newer commit.
    """

    name: str
    steps: tuple[Files, ...]
    request: Mapping[str, Any] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)
    hosts: int = 1
    ends: str = "succeeded"
    bad: str = ""  # replicas whose instructions say this are unhealthy
    applied: int = 1  # how many of the steps are applied beforehand
    bad_from: int = 1  # in slots from this one on
    sick: str = ""  # replicas whose instructions say this become unhealthy after a while
    to_step: int | None = None  # for a rollback: the commit of which step
    later: Files | None = None
    tags: tuple[str, ...] = ()  # of the agent's image that a registry has

    def prepare(self) -> tuple[Stage, dict[str, Any]]:
        """Give the world before the command, and the command."""
        if self.name not in _PREPARED:
            _PREPARED[self.name] = _prepare(self)
        return _PREPARED[self.name]


def agent(
    name: str = "alpha",
    strategy: str = "rolling",
    *,
    text: str = "one",
    replicas: int = REPLICAS,
    tag: str = "1",
    container: str = "",
) -> dict[str, str]:
    """The files of one agent with one instance of the same name."""
    words = {"name": name, "tag": tag, "text": text, "replicas": replicas}
    rollout = STRATEGIES[strategy]
    return {
        f"global/agents/{name}.yaml": AGENT.format(**words, rollout=rollout, container=container),
        f"environments/production/instances/{name}.yaml": INSTANCE.format(name=name),
    }


def place(hosts: int = 1, keep: int = 3) -> dict[str, str]:
    """The files of the project and of the environment's hosts."""
    listed = ", ".join(f"eu-{number}: {{engine: docker}}" for number in range(1, hosts + 1))
    environment = (
        "kind: Environment\nmetadata: {name: production}\n"
        f"spec: {{keepRevisions: {keep}, hosts: {{{listed}}}}}\n"
    )
    return {"agentgit.yaml": PROJECT, "environments/production/environment.yaml": environment}


def all_scenarios() -> tuple[Scenario, ...]:
    """Every strategy with every kind of change, and what has only one form."""
    found = [one for strategy in STRATEGIES for one in _of_strategy(strategy)]
    return (*found, *_of_canary(), *_of_one_kind())


def _of_strategy(strategy: str) -> list[Scenario]:
    first, least = {**place(), **agent(strategy=strategy)}, LEAST[strategy]
    kept = Rules({"alpha": least})
    twins = Rules({"alpha": least}, twins=2)
    changed = agent(strategy=strategy, text="two")
    more, less = (6, 3) if strategy == "canary" else (4, 1)
    limits = ", deploy: {resources: {limits: {memory: 64m}}}"
    fixed = ", ports: {http: {target: 80, published: 8080}}"

    def two(kind: str, then: Files, rules: Rules = kept, **words: Any) -> Scenario:
        return Scenario(f"{strategy}, {kind}", (first, then), rules=rules, **words)

    # What has come up bad and is replaced by its way back does not serve.
    return [
        two("replace", changed),
        two("scale up", agent(strategy=strategy, replicas=more)),
        Scenario(
            f"{strategy}, scale down",
            (
                {**first, **agent(strategy=strategy, replicas=more)},
                agent(strategy=strategy, replicas=less),
            ),
            rules=Rules({"alpha": min(less, least)}),
        ),
        two("replace and scale", agent(strategy=strategy, text="two", replicas=more)),
        two("in place", agent(strategy=strategy, container=limits)),
        two("failing", agent(strategy=strategy, text="bad"), ends="rolled-back", bad="bad"),
        two(
            "failing late",
            agent(strategy=strategy, text="bad"),
            ends="rolled-back",
            bad="bad",
            bad_from=2,
        ),
        two("overtaken", changed, later=agent(strategy=strategy, text="three")),
        two("taken out again", changed, later=agent(strategy=strategy)),
        two(
            "mended",
            agent(strategy=strategy, text="bad"),
            bad="bad",
            bad_from=2,
            ends="rolled-back",
            later=agent(strategy=strategy, text="good"),
        ),
        two("restart", {}, twins, request={"kind": "restart", "only": ("alpha",)}),
        two("rollback", changed, request={"kind": "rollback"}, applied=2, to_step=0),
        Scenario(
            f"{strategy}, fixed port",
            (
                {**place(), **agent(strategy=strategy, container=fixed, replicas=1)}
                if strategy != "canary"
                else first,
                agent(strategy=strategy, container=fixed, replicas=1, text="two")
                if strategy != "canary"
                else changed,
            ),
        ),
    ]


def _of_canary() -> list[Scenario]:
    first, then = {**place(), **agent(strategy="canary")}, agent(strategy="canary", text="sick")
    rules = Rules({"alpha": REPLICAS - 1})  # one is the canary that falls ill
    return [
        Scenario("canary, failing in the pause", (first, then), rules=rules, sick="sick",
                 ends="rolled-back"),
        Scenario("canary, two hosts", ({**first, **place(2)}, agent(strategy="canary", text="2")),
                 hosts=2, rules=Rules({"alpha": REPLICAS})),
    ]  # fmt: skip


def _of_one_kind() -> tuple[Scenario, ...]:
    alpha, beta = agent(), agent("beta", replicas=1)
    both = {**place(), **alpha, **beta}
    kept = Rules({"alpha": 3, "beta": 1})
    exclusive = ', volumes: {"/data": {name: data, access: exclusive}}'
    owned = agent(container=exclusive, replicas=1)
    spread = {**place(2), **agent("alpha", "rolling", replicas=4)}
    gone: Files = dict.fromkeys(beta)
    return (
        Scenario("create", (place(), {**alpha, **beta}), applied=0),
        Scenario("create, nothing before", ({**place(), **alpha},), applied=0),
        Scenario("create, failing", ({**place(), **agent(text="bad")},), applied=0, bad="bad",
                 ends="rolled-back"),
        Scenario("remove", (both, gone), rules=Rules({"alpha": 3})),
        Scenario("add, change and remove",
                 (both, {**gone, **agent(text="two"), **agent("gamma", text="three")}),
                 rules=Rules({"alpha": 3})),
        Scenario("destroy", (both,), {"kind": "destroy"}),
        Scenario("exclusive volume", ({**place(), **owned},
                 agent(container=exclusive, replicas=1, text="two"))),
        Scenario("exclusive volume, failing", ({**place(), **owned},
                 agent(container=exclusive, replicas=1, text="bad")), bad="bad",
                 ends="rolled-back"),
        Scenario("two hosts, replace", (spread, agent(replicas=4, text="two")), hosts=2,
                 rules=Rules({"alpha": 4})),
        Scenario("two hosts, failing", (spread, agent(replicas=4, text="bad")), hosts=2, bad="bad",
                 ends="rolled-back", rules=Rules({"alpha": 4})),
        Scenario("two hosts, destroy", (spread,), {"kind": "destroy"}, hosts=2),
        Scenario("two at once", (both, {**agent(text="two"), **agent("beta", text="two",
                 replicas=1)}), rules=kept),
        Scenario("one of two fails", (both, {**agent(text="two"), **agent("beta", text="bad",
                 replicas=1)}), rules=kept, bad="bad", ends="rolled-back"),
        Scenario("only one", (both, {**agent(text="two"), **agent("beta", text="two",
                 replicas=1)}), {"only": ("alpha",)}, rules=kept),
        Scenario("images that go", ({**place(keep=1), **alpha}, agent(tag="2")),
                 rules=Rules({"alpha": 3}), tags=("1", "2")),
        Scenario("images that go, two hosts", ({**spread, **place(2, keep=1)},
                 agent(tag="2", replicas=4)), hosts=2, rules=Rules({"alpha": 4}),
                 tags=("1", "2")),
        Scenario("nothing but a commit", (both, {"README.md": "words"}), rules=kept),
    )  # fmt: skip


def _prepare(scenario: Scenario) -> tuple[Stage, dict[str, Any]]:
    """Play the steps that come before. What they make is copied by whoever uses it."""

    def judge(spec: ReplicaSpec, age: float) -> str:
        bad = scenario.bad and spec.slot >= scenario.bad_from and scenario.bad in _text(spec)
        sick = scenario.sick and scenario.sick in _text(spec) and age >= HEALTHY_FOR
        if age < WARMING_UP:
            return "starting"
        return "unhealthy" if bad or sick else "healthy"

    files: dict[str, str] = {}
    stage: Stage | None = None
    shas = []
    for number, step in enumerate(scenario.steps):
        for path, text in step.items():
            if text is None:
                files.pop(path, None)
            else:
                files[path] = text
        if stage is None:
            stage = new_stage(files, scenario.hosts, judge)
            shas.append(stage.repository.refs["HEAD"])
            for engine in stage.engines.values():
                engine.registry = {f"acme/agent:{tag}": f"sha256:{tag}" for tag in scenario.tags}
        else:
            parent = stage.repository.refs["HEAD"]
            shas.append(stage.repository.commit(files, f"Step {number}", parent))
        if number < scenario.applied:
            done = run(stage, {})
            assert done.said == "succeeded", (scenario.name, done.said, done.error)
    assert stage is not None
    assert not stage.observer.wrong, stage.observer.wrong
    request = dict(scenario.request)
    if scenario.to_step is not None:
        request["revision"] = shas[scenario.to_step]
    return stage, request


def _text(spec: ReplicaSpec) -> str:
    return str(spec.document.get("instructions"))
