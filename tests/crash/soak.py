"""Minutes of random commits, kills and applies on real processes: `python -m tests.crash.soak`.

Seeded, so that what it finds can be found again. It ends with an apply that nobody disturbs: the
fleet has to be what the last commit asks for, and every record readable and ended.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from tests.crash.sigkill import WORKER, change, check_end, launch
from tests.scenarios.conftest import SmallFleet, destroyed, make_small_fleet

APPLY = ("apply", "-e", "production", "--yes")
MOMENTS = 220  # an apply of two replicas has about that many; later ones let it end


def soak(fleet: SmallFleet, seconds: float, seed: int) -> tuple[int, int, list[str]]:
    """Do random things until the time is over: how many, how many kills, what was wrong."""
    random, end, done, kills = Random(seed), time.monotonic() + seconds, 0, 0
    replicas = 2
    while time.monotonic() < end:
        done += 1
        if random.random() < 0.6:
            change(fleet, random.randrange(10**9))
        if random.random() < 0.3:
            wanted = random.randint(1, 3)
            fleet.edit(WORKER, f"replicas: {replicas}", f"replicas: {wanted}")
            replicas = wanted
            fleet.commit(f"{wanted} replicas")
        words = APPLY
        if random.random() < 0.15:
            words = ("restart", "-e", "production", "--yes", "alpha")
        code, said, _ = launch(fleet, str(random.randrange(MOMENTS)), *words)
        kills += code < 0
        print(f"{done}: {words[0]} ended with {code}", flush=True)
        if code not in {-9, 0, 7}:
            return done, kills, [f"{words[0]} ended with {code}: {said}"]
    code, said, _ = launch(fleet, "-1", *APPLY)
    wrong = [f"the last apply ended with {code}: {said}"] if code else []
    sha = fleet.git("rev-parse", "HEAD")
    found = check_end(fleet, sha)
    if len(fleet.running()) != replicas:
        wrong.append(f"{sorted(fleet.running())} run, {replicas} are asked for")
    return done, kills, wrong + [one for one in found if not one.startswith("not ")]


def main() -> int:
    """Soak, and say how it went."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--seconds", type=float, default=120.0)
    words.add_argument("--seed", type=int, default=1)
    chosen = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        base = Path(folder)
        fleet = make_small_fleet(base / "small", "process", "", base / "state")
        fleet.edit(WORKER, "replicas: 1", "replicas: 2")
        fleet.commit("Two replicas")
        with destroyed(fleet):
            fleet.apply()
            done, kills, wrong = soak(fleet, chosen.seconds, chosen.seed)
    print(f"seed {chosen.seed}: {done} commands, {kills} killed, {len(wrong)} wrong")
    for one in wrong:
        print(one, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
