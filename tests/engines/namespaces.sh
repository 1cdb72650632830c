# shellcheck shell=bash disable=SC2154
# Part of engines.sh: the network and mount namespace of an engine, and its address. `root` and `refuse` come from there.

socket() { printf '%s/%s/engine.sock' "$root" "$1"; }
inside() { local engine=$1; shift; nsenter --net="$root/$engine/ns/net" --mount="$root/$engine/ns/mnt" -- "$@"; }
mount_namespace() { stat -Lc 'mnt:[%i]' "$root/$1/ns/mnt"; }

# `ready` is written when they are complete: an interrupted start is cleared away and begun again
has_namespaces() {
  [ -e "$root/$1/ready" ] && mountpoint -q "$root/$1/ns/mnt" && mountpoint -q "$root/$1/ns/net"
}

# An engine has a /30 of its own in 198.18.0.0/15, the range for benchmarks: first the host, second the engine.
address() {
  local number=$(($(cat "$root/$1/subnet") * 4 + $2))
  printf '198.%d.%d.%d' $((18 + number / 65536)) $((number / 256 % 256)) $((number % 256))
}
host_address() { address "$1" 1; }
engine_address() { address "$1" 2; }
veth() { printf 'agentgit%04x' "$(cat "$root/$1/subnet")"; }

choose_subnet() {
  local engine=$1 number
  number=$(($(printf '%s' "$root/$engine" | cksum | cut -d' ' -f1) % 32768))
  printf '%s\n' "$number" >"$root/$engine/subnet"
  while ip -o -4 address show | grep -qF " $(host_address "$engine")/" || ip link show "$(veth "$engine")"; do
    number=$(((number + 1) % 32768))
    printf '%s\n' "$number" >"$root/$engine/subnet"
  done >/dev/null 2>&1
}

create_namespaces() {
  local engine=$1 folder=$root/$1/ns
  mkdir -p "$folder"
  # a mount namespace can only be pinned below a private mount
  mount --bind "$folder" "$folder"
  mount --make-private "$folder"
  touch "$folder/net" "$folder/mnt"
  unshare --net="$folder/net" --mount="$folder/mnt" --propagation slave -- true ||
    refuse "no namespaces can be created here (a container without privileges?)"
  connect "$engine"
  inside "$engine" bash -euc "$(declare -f hide_system); hide_system"
  touch "$root/$engine/ready"
}

connect() {
  local engine=$1 namespace=$root/$1/ns/net
  choose_subnet "$engine"
  ip link add "$(veth "$engine")" type veth peer name uplink netns "$namespace"
  ip address add "$(host_address "$engine")/30" dev "$(veth "$engine")"
  ip link set "$(veth "$engine")" up
  # only the network: `ip netns exec` would also mount a fresh /sys and hide the cgroups
  nsenter --net="$namespace" -- ip address add "$(engine_address "$engine")/30" dev uplink
  nsenter --net="$namespace" -- ip link set lo up
  nsenter --net="$namespace" -- ip link set uplink up
}

# Runs inside the mount namespace. Sockets and state of system engines lie below /run; Podman's locks in /dev/shm.
# Without /run/systemd Podman runs no health checks of its own, so the tests see the same thing everywhere.
hide_system() {
  local resolver content=
  resolver=$(readlink -f /etc/resolv.conf || true)
  if [ -r "$resolver" ]; then content=$(cat "$resolver"); fi
  mount -t tmpfs -o mode=755 tmpfs /run
  case $resolver in /run/*) mkdir -p "${resolver%/*}"; printf '%s\n' "$content" >"$resolver" ;; esac
  mount -t tmpfs -o mode=1777 tmpfs /dev/shm
  mkdir -p /run/lock /etc/docker /var/lib/containers
  # Docker keeps the key of its identity here, Podman a cache
  mount -t tmpfs -o mode=755 tmpfs /etc/docker
  mount -t tmpfs -o mode=755 tmpfs /var/lib/containers
}
