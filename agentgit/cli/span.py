"""How long: `7d`, `1d12h`, `90m`, as people type it."""

from __future__ import annotations

import re

import click

_SPAN = re.compile(r"(?:(\d{1,9})w)?(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?")
_SECONDS = (7 * 86400, 86400, 3600, 60, 1)
_LONGEST = 10 * 365 * 86400


class Span(click.ParamType[float]):
    """A time span in seconds; a bare number is refused, it hides its unit."""

    name = "duration"

    def __init__(self, *, none: bool = False) -> None:
        self._least = 0 if none else 1  # whether `0s` is a duration too

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read it; nothing, and more than ten years, are refused."""
        if not isinstance(value, str):
            return float(value)
        match = _SPAN.fullmatch(value.strip())
        numbers = match.groups() if match else ()
        seconds = sum(
            int(number or 0) * one for number, one in zip(numbers, _SECONDS, strict=False)
        )
        if not (value.strip() and match and self._least <= seconds <= _LONGEST):
            self.fail(f"{value!r} is no duration; write 7d, 12h or 1d12h", param, ctx)
        return float(seconds)
