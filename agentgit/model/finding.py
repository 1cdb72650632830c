"""What `lint` finds: nothing wrong, but nothing that anybody would write on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agentgit.errors import Problem

RULES: Mapping[str, str] = {  # name -> what its findings are, and what to do about them
    "dead-override": "values that are what they inherit anyway: take them out",
    "never-effective": "values that every instance overrides: take them out",
    "idle-removal": "removals with nothing to remove: take them out",
    "unused-definition": "definitions of the catalog that no instance names: take them out",
    "unused-rollout": "rollout policies that no instance names: take them out",
    "unused-file": "files that no instance leads to: delete them",
    "undated-model": "model ids without a date or version, whose behaviour may change: pin them",
    "image-without-digest": "images that can change under their tag: agentgit lock writes digests",
    "no-grace-period": "replicas that are killed at once: leave time for the longest answer",
    "bad-silence": "annotations that silence nothing: correct or remove them",
}
SILENCE = "lint.agentgit.dev/"  # an annotation of this name and a rule's, with the reason


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of a rule. `reason` is why it is silenced, None where it is not."""

    rule: str
    problem: Problem
    reason: str | None = None
