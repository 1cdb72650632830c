#!/bin/sh
# What a pull request changes, for any CI: writes the comment to stdout.
#
#   ci/pull-request.sh [BASE] [HEAD] > comment.md       BASE: the branch it would go to (origin/main)
#
# Needs git and agentgit; no engine, no secret, no network, and it runs nothing of the pull request. Call
# the copy of the main branch, not the one that came with the pull request. Exit codes: 0 fine, 65 the
# new configuration is wrong (the comment says where).
#
# Post the file from a job of its own that only has the right to comment: it is data, never to be run.
set -eu

base=${1:-origin/main}
head=${2:-HEAD}

# Since the branch was made, the main branch went on: that is not a change of this pull request.
if ! from=$(git merge-base "$base" "$head"); then
  echo "$base and $head have no common history here; fetch it: git fetch --unshallow, or fetch-depth: 0" >&2
  exit 1
fi

exec agentgit diff "$from" "$head" --format markdown
