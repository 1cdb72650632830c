"""What holds for every command: the folder to work in, and whether to write colours."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

import click

if TYPE_CHECKING:
    from agentgit.cli.head_start import HeadStart
    from agentgit.report.palette import Palette


class Settings(NamedTuple):
    """Read once, when the program starts.

    `colour` is None where the terminal decides, `columns` where COLUMNS does not say it.
    """

    directory: Path
    colour: bool | None
    state_home: Path
    dumb_terminal: bool
    early: HeadStart | None = None
    columns: int | None = None

    @classmethod
    def read(
        cls,
        directory: Path,
        variables: Mapping[str, str],
        *,
        no_color: bool,
        early: HeadStart | None = None,
    ) -> Settings:
        """Take options first, then the environment's variables."""
        colour = None
        if no_color or variables.get("NO_COLOR"):
            colour = False
        elif variables.get("FORCE_COLOR"):
            colour = True
        home = variables.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
        state = variables.get("AGENTGIT_STATE_HOME") or str(Path(home) / "agentgit")
        dumb = variables.get("TERM") == "dumb"
        width = variables.get("COLUMNS", "")
        columns = int(width) if width.isdecimal() and width.isascii() else 0
        return cls(directory, colour, Path(state).absolute(), dumb, early, columns or None)

    def palette(self, stream: TextIO) -> Palette:
        """Choose colours for a stream."""
        from agentgit.report.palette import COLOURED, PLAIN

        colour = self.colour
        if colour is None:
            colour = stream.isatty() and not self.dumb_terminal
        return COLOURED if colour else PLAIN

    def width(self, stream: TextIO) -> int | None:
        """Give the columns that lines may fill: COLUMNS, else the terminal's; None without one."""
        import shutil

        return shutil.get_terminal_size().columns if stream.isatty() else self.columns

    @property
    def is_live(self) -> bool:
        """Whether progress can be redrawn: talk goes to a terminal that can move its cursor."""
        return sys.stderr.isatty() and not self.dumb_terminal


pass_settings = click.make_pass_decorator(Settings)


def answer(text: str) -> None:
    """Write to stdout; the palette has decided on colours."""
    click.echo(text, color=True)


def answer_wrapped(settings: Settings, text: str) -> None:
    """Write to stdout, within the columns that there are."""
    from agentgit.report.wrapping import wrap_text

    answer(wrap_text(text, settings.width(sys.stdout)))


def talk(text: str) -> None:
    """Write to stderr."""
    click.echo(text, err=True, color=True)
