"""Real repositories in temporary folders."""

from tests.repositories import (  # noqa: F401 - fixtures
    _own_git_configuration,
    commit,
    git,
    opened,
    repository,
)
