"""`agentgit doctor`."""

from __future__ import annotations

import sys

from agentgit.cli import options
from agentgit.cli.settings import Settings, answer, pass_settings


@options.command("doctor", "agentgit doctor")
@options.as_json
@pass_settings
def command(settings: Settings, *, as_json: bool) -> int:
    """Show which engines answer, their versions, what is missing and how to get it.

    Inside a project its own hosts are asked too. Exit 1 where one of them does not answer.
    """
    from agentgit.cli.checks import (
        check_engines,
        check_git,
        check_hosts,
        check_project,
        check_python,
    )
    from agentgit.errors import Exit
    from agentgit.report.doctor_text import doctor_document, write_checks
    from agentgit.report.json_v1 import dump

    checks = [check_python(), check_git(), *check_project(settings), *check_engines(),
              *check_hosts(settings)]  # fmt: skip
    if as_json:
        answer(dump(doctor_document(checks)))
    else:
        answer(write_checks(checks, settings.palette(sys.stdout)))
    return Exit.FAILED if any(check.state == "bad" for check in checks) else Exit.DONE
