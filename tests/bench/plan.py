"""`make bench-plan`: what a plan costs, on real engines and in a fleet that has outgrown them.

A no-change plan of real replicas is put beside the same list and inspect calls made by hand in the
same run, and beside docker-compose where it can be had; a plan of up to 10,000 imaginary replicas
shows how seconds and memory grow.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from plan_engine import report_engines
from plan_scale import report_growth


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[1000, 3000, 10_000],
                        help="imaginary replicas")  # fmt: skip
    parser.add_argument("--docker", type=int, default=300, help="real replicas; 0 for none")
    parser.add_argument("--podman", type=int, default=50, help="real replicas; 0 for none")
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    if given.sizes:
        report_growth(given.sizes)
    if given.docker or given.podman:
        report_engines({"docker": given.docker, "podman": given.podman}, given.rounds)


if __name__ == "__main__":
    main()
