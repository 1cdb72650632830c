"""`python -m agentgit`, and the `agentgit` command."""

import gc
import os
import sys

from agentgit.cli.head_start import begin


def main() -> None:
    """Run the command line and leave with its exit code."""
    gc.disable()  # what is loaded stays; `run` decides for the rest
    # Looking for plugins of models reads every installed package, and none could be wanted here.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    early = begin(sys.argv[1:])
    from agentgit.cli.main import run  # git is at work meanwhile

    code = run(sys.argv[1:], early)
    gc.freeze()  # the interpreter would look for garbage once more before it ends
    sys.exit(code)


if __name__ == "__main__":
    main()
