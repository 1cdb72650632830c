"""A diff that leaves out what is known to be the same says what a diff of everything says."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from agentgit.model.effect import Effect

Edits = Mapping[str, str | None]
ENV = "environments/production"


OTHER = "  instructions: {file: ../../../global/prompts/other.md}\n"


def instance(name: str, spec: str) -> tuple[str, str]:
    text = f"kind: Instance\nmetadata: {{name: support-{name}}}\nspec:\n  agent: support\n{spec}"
    return f"{ENV}/instances/support-{name}.yaml", text


EDITS = st.one_of(
    st.builds(
        instance,
        st.sampled_from(["eu", "us", "new"]),
        st.sampled_from(
            ["", "  scale: {replicas: 7}\n", "  rollout: quick\n", "  modle: {}\n",
             "  config: {limit: null}\n", OTHER]
        ),
    ),
    st.builds(
        lambda name: (f"{ENV}/instances/support-{name}.yaml", None), st.sampled_from(["eu", "ap"])
    ),
    st.builds(
        lambda text: (f"{ENV}/instances/set.yaml", text),
        st.sampled_from([
            "kind: InstanceSet\nmetadata: {name: set}\nspec:\n  agent: support\n"
            f"  matrix: {{where: [{where}]}}\n  name: 'support-${{where}}'\n"
            for where in ("eu, de", "de, fr", "x")
        ]),
    ),
    st.builds(lambda text: ("global/prompts/other.md", text), st.sampled_from(["a", "b", None])),
    st.builds(lambda text: ("global/prompts/support.md", text), st.sampled_from(["a", "b"])),
    st.just(("global/rollouts.yaml", "kind: Rollout\nmetadata: {name: careful}\nspec: {}\n")),
    st.just((f"{ENV}/defaults.yaml", None)),
    st.just(("README.md", "nothing")),
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(before=st.lists(EDITS, max_size=4), after=st.lists(EDITS, max_size=3))
def test_known_is_all(
    compare: Callable[..., Effect],
    before: list[tuple[str, str | None]],
    after: list[tuple[str, str | None]],
) -> None:
    compare({**dict(before), **dict(after)}, dict(before))  # which compares with a cache too
