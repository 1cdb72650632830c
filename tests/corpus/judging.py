"""How much of the corpus a test takes, and what a plan of it must not say."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from agentgit.model.plan import Plan
from tests.corpus.fields import make_configurations

BATCH = 24
Blocks = Mapping[str, dict[str, Any]]


def batch_blocks(sample: int) -> Iterator[Blocks]:
    """Give so many container blocks by instance, or as many as CORPUS says; not all at once."""
    wanted = int(os.environ.get("CORPUS") or sample)
    named = list(name_blocks(wanted).items())
    for start in range(0, len(named), BATCH):
        yield dict(named[start : start + BATCH])


def name_blocks(number: int) -> Blocks:
    """Give so many container blocks by instance."""
    return {f"c{at:03}": block for at, block in enumerate(make_configurations(number))}


def expect_nothing(plan: Plan, when: str, blocks: Blocks) -> None:
    """Fail with the blocks of the instances that are said to be different."""
    changed = {
        one.instance: ([cause.detail for cause in one.causes], blocks.get(one.instance))
        for one in plan.changes
        if one.kind != "keep"
    }
    assert not changed, when
    assert plan.is_empty, when
    assert not plan.unverified, when
