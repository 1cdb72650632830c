"""Ends the pin of an environment: a record, and nothing else."""

from __future__ import annotations

from agentgit.compile.build import compile_project
from agentgit.errors import UsageError
from agentgit.workflow.books import new_unpin
from agentgit.workflow.places import open_ledger
from agentgit.workflow.session import Request, World
from agentgit.workflow.target import find_pin, follow


def unpin(world: World, environment: str, reason: str) -> tuple[str, ...]:
    """End the pin of an environment; what runs stays until the next apply. Gives warnings."""
    ledger, warnings = open_ledger(world)
    records = ledger.rollouts(environment)
    project_id = compile_project(world.source.snapshot("HEAD")).id
    pin = find_pin(world, records, follow(world, environment)[1])
    if pin is None:
        raise UsageError(f"{environment} is not pinned", hint="there is nothing to end")
    record = new_unpin(world, project_id, pin, Request(environment, reason=reason), records)
    ledger.begin(record, None)
    ledger.finish(record, ())
    warning = ledger.push()
    return (*warnings, warning) if warning else warnings
