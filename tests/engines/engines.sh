#!/usr/bin/env bash
# One Docker engine and one Podman API service for the tests, on private sockets below ROOT.
#
#   engines.sh up     [ROOT]            start both, print their addresses as shell assignments; idempotent
#   engines.sh down   [ROOT] [--purge]  remove every container, stop both, leave nothing; --purge: the image cache too
#   engines.sh status [ROOT]            one line per engine; exit 0 when both are up, 1 otherwise
#   engines.sh run    ENGINE COMMAND... run a command inside the network of one engine (docker or podman)
#   engines.sh restart [ROOT] --only ENGINE [--live-restore] [--newer]
#                                       stop one and start it again on its data; --newer: of the next Debian release
#
# --only ENGINE: all of it with one engine.
# ROOT is $AGENTGIT_TEST_ENGINES, by default agentgit-engines in $TMPDIR or /tmp. Images and packages are kept in
# $AGENTGIT_TEST_CACHE, by default ROOT/cache.
# Exit status 3: engines cannot be had here (not root, no apt, no namespaces); the reason is one line on stderr.
#
# Each engine is a small host of its own: a network namespace (two Docker daemons in one namespace flush each other's
# NAT rules) and a mount namespace (a system Docker, containerd or Podman is neither seen nor disturbed, and every
# mount goes with it). A veth pair joins it to the host: a port that a container publishes on all addresses is reached
# at the engine's address, not at 127.0.0.1. From inside a container the host is the other end of the pair (on Docker
# what host-gateway stands for, on Podman host.containers.internal). There is no way out to the internet.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
engines=(docker podman)
image=agentgit-test-python:1
cgroup=agentgit-engines
# shellcheck source=namespaces.sh
source "$here/namespaces.sh"
# shellcheck source=restart.sh
source "$here/restart.sh"

say() { printf 'engines: %s\n' "$*" >&2; }
refuse() { say "$*"; exit 3; }

# ---------------------------------------------------------------- requirements

# what is needed (a command, or a file that is on nobody's PATH) and the package that has it
requirements=(
  dockerd=docker.io containerd=containerd podman=podman runc=runc iptables=iptables nft=nftables ip=iproute2 curl=curl
  unshare=util-linux pgrep=procps /usr/lib/podman/netavark=netavark /usr/lib/podman/aardvark-dns=aardvark-dns
  /usr/bin/catatonit=catatonit
)

have() { case $1 in /*) [ -e "$1" ] ;; *) command -v "$1" >/dev/null ;; esac }

missing_packages() {
  local requirement
  for requirement in "${requirements[@]}"; do
    have "${requirement%%=*}" || printf '%s\n' "${requirement#*=}"
  done | sort -u
}

install_missing() {
  local packages
  mapfile -t packages < <(missing_packages)
  if [ ${#packages[@]} -eq 0 ]; then return; fi
  say "installing ${packages[*]}"
  # the package lists may be absent or stale: look only when the first attempt fails
  apt_install "${packages[@]}" >"$root/apt.log" 2>&1 ||
    { apt_update >>"$root/apt.log" 2>&1; apt_install "${packages[@]}" >>"$root/apt.log" 2>&1; } ||
    refuse "apt could not install ${packages[*]}: $(grep -m1 '^E:' "$root/apt.log" || echo "see $root/apt.log")"
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -q -y --no-install-recommends install "$@"
}

apt_update() {
  # the lock of the lists has no timeout of its own in apt
  local attempt
  for attempt in {1..30}; do
    if apt-get -q update; then return; fi
    pgrep -x 'apt|apt-get' >/dev/null || return 1
    sleep 2
  done
}

require_host() {
  [ "$(id -u)" = 0 ] || refuse "needs root to start Docker and Podman (this is uid $(id -u))"
  command -v apt-get >/dev/null || refuse "needs apt-get (Debian or Ubuntu) to install Docker and Podman"
  # unix socket paths end at 107 bytes; /run is replaced inside the engines' mount namespaces
  [ ${#root} -le 80 ] || refuse "the folder's path is too long for a socket: $root"
  case $root/ in /run/* | /var/run/*) refuse "the folder must not lie below /run: $root" ;; esac
}

# ---------------------------------------------------------------- start

answers() { curl -fsS -m 5 -o /dev/null --unix-socket "$(socket "$1")" http://engine/_ping 2>/dev/null; }

# A recorded pid counts only while that process lives in the mount namespace we made: no zombie, no reused number.
alive() {
  local pid
  pid=$(cat "$root/$1/pid" 2>/dev/null) && has_namespaces "$1" &&
    [ "$(readlink "/proc/$pid/ns/mnt" 2>/dev/null)" = "$(mount_namespace "$1")" ]
}

start() {
  local engine=$1
  if alive "$engine" && answers "$engine"; then return; fi
  has_namespaces "$engine" || { stop "$engine"; create_namespaces "$engine"; }
  rm -f "$(socket "$engine")" "$root/$engine/pid"
  "start_$engine"
  await_answer "$engine"
}

await_answer() {
  local engine=$1 attempt
  for attempt in {1..600}; do
    if answers "$engine"; then return; fi
    alive "$engine" || [ "$attempt" -lt 40 ] || break
    sleep 0.05
  done
  say "$engine does not answer: $(tail -n 3 "$root/$engine/log" | tr '\n' ' ')"
  return 1
}

# Becomes the daemon inside its namespaces and leaves its pid; the lock of this script must not stay open in it.
daemon() {
  local engine=$1
  shift
  # shellcheck disable=SC2016
  inside "$engine" setsid bash -c 'echo $$ >"$0"; exec "$@"' "$root/$engine/pid" "$@" \
    >"$root/$engine/log" 2>&1 </dev/null 9>&- &
}

start_docker() {
  # a daemon that was killed leaves pid files behind, and refuses to start beside them
  inside docker rm -f /run/docker/containerd/containerd.pid /run/docker.pid
  write_docker_configuration
  daemon docker dockerd --config-file "$root/docker/daemon.json" -H "unix://$(socket docker)" \
    --data-root "$root/docker/data" --pidfile /run/docker.pid --exec-opt native.cgroupdriver=cgroupfs \
    --cgroup-parent "/$cgroup" --host-gateway-ip "$(host_address docker)" \
    --insecure-registry "$(host_address docker)/32"
}

write_docker_configuration() { printf '{"live-restore": %s}\n' "$live_restore" >"$root/docker/daemon.json"; }

start_podman() {
  write_podman_configuration
  daemon podman env CONTAINERS_CONF="$root/podman/containers.conf" \
    CONTAINERS_STORAGE_CONF="$root/podman/storage.conf" CONTAINERS_REGISTRIES_CONF="$root/podman/registries.conf" \
    PODMAN_IGNORE_CGROUPSV1_WARNING=1 podman system service --time=0 "unix://$(socket podman)"
}

write_podman_configuration() {
  # soft = hard limits: Podman 4.3 swaps them otherwise. Without systemd: cgroupfs, events in a file.
  cat >"$root/podman/containers.conf" <<END
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
host_containers_internal_ip = "$(host_address podman)"
base_hosts_file = "none"
[engine]
runtime = "runc"
init_path = "/usr/bin/catatonit"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
network_config_dir = "$root/podman/networks"
END
  cat >"$root/podman/storage.conf" <<END
[storage]
driver = "overlay"
graphroot = "$root/podman/data"
runroot = "/run/containers/storage"
END
  local registry
  for registry in 127.0.0.1 "$(host_address podman)"; do
    printf '[[registry]]\nlocation = "%s:5000"\ninsecure = true\n' "$registry"
  done >"$root/podman/registries.conf"
}

# ---------------------------------------------------------------- the image

image_is_loaded() {
  [ "$(cat "$root/$1/image" 2>/dev/null)" = "$2" ] &&
    curl -fsS -m 5 -o /dev/null --unix-socket "$(socket "$1")" "http://engine/images/$image/json" 2>/dev/null
}

load_image() {
  local engine=$1 archive=$2
  if image_is_loaded "$engine" "$archive"; then return; fi
  local answer
  answer=$(curl -sS -m 120 --unix-socket "$(socket "$engine")" -H 'Content-Type: application/x-tar' \
    -X POST -T "$archive" 'http://engine/images/load?quiet=1')
  printf '%s\n' "$archive" >"$root/$engine/image"
  image_is_loaded "$engine" "$archive" || { say "$engine did not load the image: $answer"; return 1; }
}

# ---------------------------------------------------------------- stop

container_ids() {
  curl -fsS -m 20 --unix-socket "$(socket "$1")" 'http://engine/containers/json?all=1' 2>/dev/null |
    grep -oE '"Id":"[0-9a-f]{64}"' | cut -d'"' -f4
}

call() { curl -sS -m 30 -o /dev/null --unix-socket "$(socket "$1")" -X "$2" "http://engine/$3"; }

remove_containers() {
  local engine=$1 container
  # killed first: a forced removal waits for the stop timeout on Podman 5
  for container in $(container_ids "$engine"); do
    {
      call "$engine" POST "containers/$container/kill"
      call "$engine" DELETE "containers/$container?force=1&v=1"
    } &
  done
  wait
}

# Everything that lives in the engine's mount namespace (daemon, shims, monitors, DNS), and below it the containers.
members() {
  has_namespaces "$1" || return 0
  local namespace
  namespace=$(mount_namespace "$1" | sed 's/[][]/\\&/g')
  find /proc/[0-9]*/ns/mnt -maxdepth 0 -lname "$namespace" 2>/dev/null | cut -d/ -f3 || true
}

descendants() {
  local child
  for child in $(pgrep -P "$1" || true); do
    printf '%s\n' "$child"
    descendants "$child"
  done
}

await_end() {
  local engine=$1 attempt
  for attempt in {1..300}; do
    alive "$engine" || return 0
    sleep 0.05
  done
  say "$engine did not stop in 15 s and is killed"
}

kill_members() {
  local engine=$1 attempt pid
  for attempt in {1..100}; do
    local pids=()
    for pid in $(members "$engine"); do mapfile -t -O ${#pids[@]} pids < <(echo "$pid"; descendants "$pid"); done
    if [ ${#pids[@]} -eq 0 ]; then return; fi
    kill -KILL "${pids[@]}" 2>/dev/null || true
    sleep 0.05
  done
  say "$engine: still running: ${pids[*]}"
  return 1
}

clear_mounts() {
  local engine=$1 point
  cut -d' ' -f2 /proc/mounts | { grep -F "$root/$engine/" || true; } | sort -r | while read -r point; do
    umount -l "$point" 2>/dev/null || true
  done
}

clear_cgroups() {
  local folder
  # only empty ones go, so those of other engines stay
  for folder in /sys/fs/cgroup{,/*}/{"$cgroup",libpod_parent}; do
    [ ! -d "$folder" ] || find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done
}

stop() {
  local engine=$1
  [ -d "$root/$engine" ] || return 0
  if alive "$engine"; then
    remove_containers "$engine"
    kill -TERM "$(cat "$root/$engine/pid")" 2>/dev/null || true
    await_end "$engine"
  fi
  kill_members "$engine"
  if [ -s "$root/$engine/subnet" ]; then ip link delete "$(veth "$engine")" 2>/dev/null || true; fi
  clear_mounts "$engine"
  rm -rf --one-file-system "${root:?}/$engine"
}

# ---------------------------------------------------------------- commands

each() {
  local task=$1 engine jobs=() job failed=0
  shift
  for engine in "${engines[@]}"; do "$task" "$engine" "$@" & jobs+=($!); done
  for job in "${jobs[@]}"; do wait "$job" || failed=$?; done
  return "$failed"
}

lock() { mkdir -p "$root"; exec 9>"$root/lock"; flock 9; }

up() {
  require_host
  lock
  install_missing
  each start
  local archive
  archive=$("$here/images.sh" "$cache")
  each load_image "$archive"
  assignments
}

assignments() {
  local engine
  for engine in "${engines[@]}"; do
    printf 'AGENTGIT_TEST_%s=unix://%s\n' "${engine^^}" "$(socket "$engine")"
    printf 'AGENTGIT_TEST_%s_ADDRESS=%s\n' "${engine^^}" "$(engine_address "$engine")"
  done
}

down() {
  [ -d "$root" ] || return 0
  [ "$(id -u)" = 0 ] || refuse "needs root to stop the engines (this is uid $(id -u))"
  lock
  each stop
  clear_cgroups
  rm -f "$root/apt.log" "$root/started-by-tests"
  if [ "$purge" = yes ]; then rm -rf --one-file-system "$root"; fi
}

status() {
  local engine result=0
  for engine in "${engines[@]}"; do
    if alive "$engine" && answers "$engine"; then
      printf '%s up unix://%s %s\n' "$engine" "$(socket "$engine")" "$(engine_address "$engine")"
    else
      printf '%s down\n' "$engine"
      result=1
    fi
  done
  return "$result"
}

run() {
  local engine=$1
  shift
  exec nsenter --net="$root/$engine/ns/net" -- "$@"
}

usage() { sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2; }

root=${AGENTGIT_TEST_ENGINES:-${TMPDIR:-/tmp}/agentgit-engines}
purge=no live_restore=false newer=no
command=${1:-}
shift || usage
case $command in
up | down | status | restart)
  while [ $# -gt 0 ]; do
    case $1 in
    --only) shift; case ${1:-} in docker | podman) engines=("$1") ;; *) usage ;; esac ;;
    --purge) purge=yes ;;
    --live-restore) live_restore=true ;;
    --newer) newer=yes ;;
    -*) usage ;;
    *) root=$1 ;;
    esac
    shift
  done
  [ "$command" != restart ] || [ ${#engines[@]} = 1 ] || usage
  root=$(realpath -m "$root")
  cache=${AGENTGIT_TEST_CACHE:-$root/cache}
  "$command"
  ;;
run) run "$@" ;;
*) usage ;;
esac
