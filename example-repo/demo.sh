#!/bin/sh
# The whole story in one go: a fleet of agents is planned, started, changed by a commit, broken by a commit, goes
# back by itself, and is rolled back by hand. Uses Docker or Podman where one answers and the image can be built,
# else processes. Leaves nothing behind.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/agentgit-demo.XXXXXX")
fleet=$work/fleet
id=$(python3 -c 'import uuid; print(uuid.uuid4())')
image=localhost/acme-agent:demo-${id%%-*}
built=
export AGENTGIT_STATE_HOME="$work/state"
export GIT_AUTHOR_NAME=Ana GIT_AUTHOR_EMAIL=ana@acme.example GIT_COMMITTER_NAME=Ana GIT_COMMITTER_EMAIL=ana@acme.example
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE || true

bold= plain=
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); fi

tell() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }

# Show a command as one could type it.
show() {
  line=
  for word in "$@"; do
    case $word in
      *[!A-Za-z0-9_./:=@%+,-]* | '') word="'$(printf %s "$word" | sed "s/'/'\\\\''/g")'" ;;
    esac
    line="$line $word"
  done
  printf '\n%s$%s%s\n' "$bold" "$line" "$plain"
}
run() { show "$@"; "$@"; }

# Run a command that is meant to end with the given exit code.
run_expecting() {
  code=$1
  shift
  show "$@"
  set +e
  "$@"
  got=$?
  set -e
  echo "exit code $got"
  [ "$got" = "$code" ] || { echo "the demo expected exit code $code" >&2; exit 1; }
}

clean_up() {
  status=$?
  trap - EXIT INT TERM
  if [ -d "$fleet/.git" ] && ! (cd "$fleet" && agentgit destroy -e production --yes >"$work/end" 2>&1); then
    # Before the first commit there is nothing to destroy; later on it is said what is left.
    if (cd "$fleet" && git rev-parse -q --verify HEAD >/dev/null); then
      cat "$work/end" >&2
      echo "what the demo started may still run; its files are in $work" >&2
      exit 1
    fi
  fi
  if [ -n "$built" ]; then "$built" rmi "$image" >/dev/null 2>&1 || true; fi
  chmod -R u+w "$work" 2>/dev/null || true
  rm -rf "$work"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# An engine is only of use when it has the image; building it may need a registry. BASE names another base image.
choose_engine() {
  for engine in docker podman; do
    if command -v "$engine" >/dev/null 2>&1 && "$engine" info >/dev/null 2>&1 &&
      "$engine" build -q ${BASE:+--build-arg "BASE=$BASE"} -t "$image" agents/agent >/dev/null 2>&1; then
      echo "$engine"
      return
    fi
  done
  echo process
}

commit() { git add -A && git commit -q -m "$1" && echo "committed: $1"; }

mkdir "$fleet"
cp -R "$here/agentgit.yaml" "$here/global" "$here/environments" "$here/agents" "$fleet/"
cd "$fleet"
git init -q -b main
# A copy is a project of its own: with this id it can never touch another example fleet.
sed -i "s/^  id: .*/  id: $id/" agentgit.yaml
sed -i "s|localhost/acme-agent:1.4.0|$image|" global/defaults.yaml global/agents/*.yaml
engine=$(choose_engine)
[ "$engine" = process ] || built=$engine
sed -i "s/engine: auto/engine: $engine/" environments/*/environment.yaml

tell "A fleet of three agents, described in a Git repository; its replicas run on: $engine"
commit "First fleet"
run agentgit validate
run agentgit layers support-eu -e production
run agentgit explain support-eu spec.model.params.temperature -e production
run agentgit plan -e production
run agentgit apply -e production --yes
run agentgit status -e production

tell "One line of a prompt changes: the plan names the line and exactly the instances it reaches"
sed -i 's/50 EUR/200 EUR/' global/prompts/support.md
commit "Raise refund limit"
run agentgit plan -e production
run agentgit apply -e production --yes

tell "A commit breaks the agent: its health check fails, and the change goes back by itself"
sed -i 's/unhealthy: false/unhealthy: true/' global/defaults.yaml
commit "Faster answers"
run_expecting 3 agentgit apply -e production --yes
run agentgit status -e production

tell "What failed is in quarantine: whatever else is committed, it is not tried again"
echo "Our fleet." >README.md
commit "Words"
run_expecting 7 agentgit apply -e production --yes

tell "The commit is reverted, and the fleet is rolled back by hand to where it began"
git revert --no-edit HEAD~1 >/dev/null && echo "committed: Revert \"Faster answers\""
run agentgit apply -e production --yes
run agentgit rollback -e production --to "$(git rev-list --max-parents=0 HEAD | cut -c1-7)" --reason "customers complained" --yes
run agentgit plan -e production
run agentgit history -e production

tell "And everything goes"
run agentgit destroy -e production --yes
