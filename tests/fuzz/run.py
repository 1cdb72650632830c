"""The fuzzer: `python -m tests.fuzz.run TARGET`, with seeds of its own and any libFuzzer option.

Needs atheris. What is found lies in the folder of `--findings`; `tests.fuzz.replay` runs it once
more, without the fuzzer.
"""

from __future__ import annotations

import argparse
import random
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import atheris

SLOWNESS = 4  # counting branches makes Python that much slower, at most
_WATCHED = {
    "parser": ["agentgit.compile", "ruamel.yaml"],
    "projects": ["agentgit.compile", "agentgit.model", "agentgit.report"],
    "schemas": ["agentgit.compile", "jsonschema", "referencing"],
    "patterns": ["agentgit.compile.patterns"],
}


def main() -> None:
    """Fuzz one target until the time is over or something is found."""
    options, rest = _read_options()
    with atheris.instrument_imports(include=_WATCHED[options.target]):
        from tests.fuzz import targets
        from tests.fuzz.seeds import list_seeds, list_words
    warnings.simplefilter("error")  # a warning on a user's terminal is a bug as well
    words = list_words(options.target)
    options.corpus.mkdir(parents=True, exist_ok=True)
    options.findings.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(list_seeds(options.target)):
        (options.corpus / f"seed-{number:04}").write_bytes(seed)
    dictionary = options.findings / f"{options.target}.words"
    dictionary.write_text("".join(f'"{_escape(word)}"\n' for word in words))
    arguments = [
        sys.argv[0], str(options.corpus), f"-dict={dictionary}", "-timeout=60",
        "-rss_limit_mb=2048", f"-max_len={targets.MAX_INPUT}", "-len_control=0",
        "-entropic_scale_per_exec_time=1",  # what takes long is changed less often
        f"-artifact_prefix={options.findings}/{options.target}-", *rest,
    ]  # fmt: skip
    atheris.Setup(
        arguments,
        lambda data: targets.run_target(options.target, data, SLOWNESS),
        custom_mutator=_choose_mutator(options.target, [word.encode() for word in words]),
    )
    atheris.Fuzz()


def _read_options() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=sorted(_WATCHED))
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--findings", type=Path, required=True)
    return parser.parse_known_args()


def _choose_mutator(target: str, words: list[bytes]) -> Callable[[bytes, int, int], bytes]:
    from tests.fuzz.mutator import mutate_project, mutate_text
    from tests.fuzz.schema_maker import make_pattern, mutate_schema

    def mutate(data: bytes, limit: int, seed: int) -> bytes:
        if target == "projects":
            return mutate_project(data, seed, limit, atheris.Mutate, words)
        rng = random.Random(seed)  # noqa: S311 -- to be repeated, not to be secret
        made = rng.random() < 0.3
        if made and target == "patterns":
            return make_pattern(rng).encode() + b"\n" + data.partition(b"\n")[2]
        if made and target == "schemas":
            return mutate_schema(data, rng)[:limit]
        if target == "patterns" or rng.random() < 0.3:
            return bytes(atheris.Mutate(data, limit))
        return mutate_text(data, rng, limit, atheris.Mutate, words)[:limit]

    return mutate


def _escape(word: str) -> str:
    return "".join(
        chr(one) if 32 <= one < 127 and chr(one) not in '"\\' else f"\\x{one:02x}"
        for one in word.encode("utf-8", "surrogateescape")
    )


if __name__ == "__main__":
    main()
