"""`python -m agentgit`, and the `agentgit` command."""

import gc
import os
import sys
from typing import NoReturn

from agentgit.cli.head_start import begin


def main() -> None:
    """Run the command line and leave with its exit code."""
    gc.disable()  # what is loaded stays; `run` decides for the rest
    # Looking for plugins of models reads every installed package, and none could be wanted here.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    early = begin(sys.argv[1:])
    from agentgit.cli.main import run  # git is at work meanwhile

    _leave(run(sys.argv[1:], early))


def _leave(code: int) -> NoReturn:
    """End at once: nothing is lost that the interpreter would take down piece by piece."""
    threading = sys.modules.get("threading")
    try:
        if threading is None or threading.active_count() == 1:
            for stream in (sys.stdout, sys.stderr):
                if hasattr(stream, "flush"):  # a closed one is None
                    stream.flush()
            os._exit(code)
    except OSError:
        pass  # nobody reads: the interpreter says so
    sys.exit(code)


if __name__ == "__main__":
    main()
