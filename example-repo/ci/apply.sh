#!/bin/sh
# Applies what the main branch asks for, for any CI and for `post-receive`.
#
#   ci/apply.sh ENVIRONMENT [ENVIRONMENT]...            in the order in which they are named
#
# Run it for the main branch only, where the engines can be reached, one run at a time: a second one beside it
# does no harm, but ends with 5 and applies nothing. Ends with the code of the first environment that failed
# (3: rolled back; the README has the others); those after it are left alone.
set -eu

if [ $# = 0 ]; then
  echo "usage: ci/apply.sh ENVIRONMENT [ENVIRONMENT]..." >&2
  exit 64
fi

for environment in "$@"; do
  echo "== $environment"
  agentgit apply -e "$environment" --yes
done
