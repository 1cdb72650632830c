#!/usr/bin/env bash
# newer.sh FOLDER ENGINE: unpacks docker or podman of the next Debian release, with the libraries it needs, below FOLDER
# and prints where its /usr is. Nothing is installed: to use it, lay that folder over /usr in a mount namespace.
# What an unchanged script has unpacked is kept.
#
# Exit status 3: it cannot be had here; the reason is one line on stderr.
set -euo pipefail

# stable releases only: what moves is no base for a test
declare -A next=([bookworm]=trixie)
docker=(docker.io containerd tini)
podman=(
  podman conmon netavark aardvark-dns golang-github-containers-common golang-github-containers-image libc6 libgcc-s1
  libglib2.0-0t64 libpcre2-8-0 libsystemd0 libgpgme11t64 libassuan9 libgpg-error0 libseccomp2 libsqlite3-0 libsubid5
)

refuse() { printf 'newer: %s\n' "$*" >&2; exit 3; }

# an apt of its own, with the mirror that this machine uses: the system's lists stay as they are
prepare_apt() {
  local suite=$1 folder=$2 mirror
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' "Codename: $codename" | head -n 1)
  [ -n "$mirror" ] || refuse "apt knows no mirror of $codename"
  mkdir -p "$folder"/{lists/partial,cache/archives/partial,parts}
  : >"$folder/status"
  printf 'deb [signed-by=%s] %s %s main\n' /usr/share/keyrings/debian-archive-keyring.gpg "$mirror" "$suite" \
    >"$folder/sources.list"
  cat >"$folder/apt.conf" <<END_OF_FILE
Dir::Etc::sourcelist "$folder/sources.list";
Dir::Etc::sourceparts "$folder/parts";
Dir::State::lists "$folder/lists";
Dir::Cache "$folder/cache";
Dir::State::status "$folder/status";
APT::Sandbox::User "root";
END_OF_FILE
  export APT_CONFIG=$folder/apt.conf
  apt-get -qq -o Acquire::Retries=2 update >&2 || refuse "the packages of $suite cannot be listed"
}

unpack() {
  local suite=$1 target=$2 deb
  shift 2
  work=$(mktemp -d "$cache/newer.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  prepare_apt "$suite" "$work/apt"
  mkdir "$work/debs" "$work/root"
  (cd "$work/debs" && apt-get -qq download "$@") >&2 || refuse "apt could not download $* of $suite"
  for deb in "$work"/debs/*.deb; do dpkg-deb -x "$deb" "$work/root"; done
  mv "$work/root" "$target"
}

cache=$1 engine=$2
command -v apt-get >/dev/null || refuse "needs apt-get"
codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
[ -n "${next[$codename]:-}" ] || refuse "no newer $engine is known for ${codename:-this system}"
mkdir -p "$cache"
target=$cache/newer-$engine-$(sha256sum "${BASH_SOURCE[0]}" | head -c 12)
exec 8>"$cache/newer.lock"
flock 8
declare -n packages=$engine
[ -d "$target" ] || unpack "${next[$codename]}" "$target" "${packages[@]}"
printf '%s\n' "$target"
