"""One input once more, without the fuzzer: `python -m tests.fuzz.replay TARGET FILE...`."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from tests.fuzz.targets import run_target


def main() -> None:
    """Run files on a target; what is wrong is a traceback."""
    target, *files = sys.argv[1:]
    warnings.simplefilter("error")
    for name in files:
        run_target(target, Path(name).read_bytes())


if __name__ == "__main__":
    main()
