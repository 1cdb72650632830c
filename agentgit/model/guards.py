"""The guards that somebody may let pass, by the names that `--allow` takes."""

from __future__ import annotations

from typing import Literal, get_args

Guard = Literal[
    "emptied", "replaced", "removed", "renames", "volumes", "unavailable", "mutable-images",
    "protection", "diverged", "low-disk", "lost-hosts",
]  # fmt: skip
GUARDS: tuple[Guard, ...] = get_args(Guard)
# What may be looked at and taken back whatever it changes; never what nobody can see.
OF_CHANGES: frozenset[Guard] = frozenset(GUARDS) - {"lost-hosts"}
