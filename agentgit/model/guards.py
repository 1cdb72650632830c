"""The guards that somebody may let pass, by the names that `--allow` takes."""

from __future__ import annotations

from typing import Literal, get_args

Guard = Literal[
    "emptied", "replaced", "removed", "renames", "volumes", "unavailable", "mutable-images",
    "protection", "diverged", "low-disk",
]  # fmt: skip
GUARDS: tuple[Guard, ...] = get_args(Guard)
