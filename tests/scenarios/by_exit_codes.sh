#!/bin/sh
# What somebody's pipeline does with agentgit by exit codes alone: nothing that it says is read.
# BREAK ends all replicas behind agentgit's back; while the file HOLD exists none becomes healthy.
set -u
AGENT=global/agents/worker.yaml

expect() { # CODE COMMAND...: run a command; this script ends where it exits with another code
    want=$1
    shift
    "$@"
    got=$?
    if [ "$got" -ne "$want" ]; then
        echo "exit $got instead of $want: $*" >&2
        exit 1
    fi
    echo "$want" >>"$SEEN"
}
edit() { # SED-PROGRAM FILE SUBJECT: change a file and commit it
    sed -i "$1" "$2" && git commit -q -a -m "$3" || exit 1
}
pending() { # CODE: 2 when something is pending, 0 when nothing is
    expect "$1" agentgit plan -e production --detailed-exitcode
}

# Wrong usage, wrong files, an environment that nobody knows anything of.
expect 64 agentgit plan --no-such-option
expect 64 agentgit plan -e nowhere
expect 64 agentgit apply -e production # no terminal and no --yes
expect 1 agentgit drift -e production  # nothing was ever applied
expect 0 agentgit validate
echo 'kind: Agent' >global/agents/broken.yaml
expect 65 agentgit validate
rm global/agents/broken.yaml

# Review, save, carry out: what was approved, once.
git tag first
pending 2
expect 2 agentgit plan -e production --detailed-exitcode --out first.plan
expect 0 agentgit show first.plan
head -c 200 first.plan >cut.plan
expect 65 agentgit apply cut.plan --yes
expect 0 agentgit apply first.plan --yes
pending 0
expect 4 agentgit apply first.plan --yes # it was carried out already
expect 0 agentgit diff HEAD --exit-code

# What is asked for moves after the review.
edit 's/kind/brief/' global/prompts/worker.md 'Brief'
expect 2 agentgit diff HEAD~1 --exit-code
expect 2 agentgit plan -e production --detailed-exitcode --out second.plan
edit 's/brief/bold/' global/prompts/worker.md 'Bold'
expect 4 agentgit apply second.plan --yes
expect 2 agentgit plan -e production --detailed-exitcode --out second.plan
# What runs moves after the review: drift, and it is set right.
expect 0 agentgit drift -e production
"$BREAK"
expect 2 agentgit drift -e production
expect 4 agentgit apply second.plan --yes
expect 0 agentgit apply -e production --yes
expect 0 agentgit drift -e production

# A bad change goes back, and is not tried again until another one.
edit 's/exit: 0/exit: 1/' "$AGENT" 'Bad'
expect 3 agentgit apply -e production --yes
expect 0 agentgit status -e production
expect 7 agentgit apply -e production --yes
git revert --no-edit HEAD >/dev/null || exit 1
expect 0 agentgit apply -e production --yes
pending 0

# Back by hand: a pin holds, whatever the branch says, until it is lifted.
expect 0 agentgit rollback -e production --to first --reason 'too bold' --yes
pending 0
expect 0 agentgit unpin -e production
pending 2

# Two at once: one does it, the other one is told that somebody is at work.
: >"$HOLD"
agentgit apply -e production --yes &
one=$!
agentgit apply -e production --yes &
other=$!
while kill -0 "$one" 2>/dev/null && kill -0 "$other" 2>/dev/null; do sleep 0.2; done
rm "$HOLD"
wait "$one"
first=$?
wait "$other"
second=$?
case "$first $second" in
'0 5' | '5 0') echo 5 >>"$SEEN" ;;
*) echo "exits $first and $second instead of 0 and 5" >&2 && exit 1 ;;
esac
pending 0
expect 0 agentgit destroy -e production --yes
