#!/usr/bin/env bash
# images.sh FOLDER: builds the image agentgit-test-python:1 without a registry, an engine or a chroot, and prints the
# path of the archive (as `docker save` writes it) in FOLDER. The archive of an unchanged script is built once.
#
# In it: CPython with its whole standard library out of the distribution's packages (downloaded with apt, unpacked, not
# installed), a static busybox as shell and tools, /app as working directory, the users root and app (1000).
set -euo pipefail

image=agentgit-test-python:1
pythons=(3.11 3.12 3.13)
# alternatives: newer distributions have renamed some
packages=(
  libc6 'libexpat1' 'zlib1g' 'libssl3|libssl3t64' libffi8 'libsqlite3-0' liblzma5 libbz2-1.0 libuuid1 libcrypt1
  ca-certificates media-types tzdata busybox-static
)

known() { apt-cache show --no-all-versions "$1" >/dev/null 2>&1; }

first_known() {
  local candidate
  for candidate in "$@"; do
    if known "$candidate"; then printf '%s\n' "$candidate"; return; fi
  done
  printf 'images: no package of %s is known to apt\n' "$*" >&2
  return 1
}

find_python() {
  local names=("${pythons[@]/#/python}") package
  package=$(first_known "${names[@]/%/-minimal}")
  package=${package#python}
  printf '%s' "${package%-minimal}"
}

package_names() {
  local python=$1 alternatives
  printf '%s\n' "python$python-minimal" "libpython$python-minimal" "libpython$python-stdlib"
  for alternatives in "${packages[@]}"; do
    IFS='|' read -ra alternatives <<<"$alternatives"
    first_known "${alternatives[@]}"
  done
}

download() {
  local folder=$1
  shift
  mkdir -p "$folder"
  # _apt may not write to a private folder, and need not
  (cd "$folder" && apt-get -qq -o APT::Sandbox::User=root download "$@") >&2
}

unpack() {
  local debs=$1 rootfs=$2 deb folder
  mkdir -p "$rootfs"/usr/{bin,sbin,lib,lib64}
  # older packages ship /lib, newer /usr/lib: both find one place
  for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$rootfs/$folder"; done
  for deb in "$debs"/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$rootfs"
  done
}

trim() {
  local rootfs=$1 python=$2
  rm -rf "$rootfs"/usr/share/{doc,man,locale,lintian,bug,zoneinfo/{right,posix}} \
    "$rootfs"/usr/lib/*-linux-gnu/{gconv,engines-3,ossl-modules} \
    "$rootfs/usr/lib/python$python"/{test,ensurepip,idlelib,lib2to3,tkinter,turtledemo,pydoc_data}
}

furnish() {
  local rootfs=$1 python=$2 applet
  for applet in $("$rootfs/bin/busybox" --list); do
    [ -e "$rootfs/bin/$applet" ] || ln -s busybox "$rootfs/bin/$applet"
  done
  ln -sf "python$python" "$rootfs/usr/bin/python3"
  cat "$rootfs"/usr/share/ca-certificates/mozilla/*.crt >"$rootfs/etc/ssl/certs/ca-certificates.crt"
  printf '%s\n' root:x:0:0:root:/root:/bin/sh app:x:1000:1000:app:/app:/bin/sh \
    nobody:x:65534:65534:nobody:/:/bin/false >"$rootfs/etc/passwd"
  printf '%s\n' root:x:0: app:x:1000: nogroup:x:65534: >"$rootfs/etc/group"
  printf 'hosts: files dns\n' >"$rootfs/etc/nsswitch.conf"
  install -d -m 1777 "$rootfs/tmp"
  install -d -m 700 "$rootfs/root"
  install -d -o 1000 -g 1000 "$rootfs/app"
}

# With the unpacked interpreter itself; by hash, so that the result does not depend on any clock.
precompile() {
  local rootfs=$1 python=$2 loader libraries
  loader=$(find "$rootfs"/usr/lib64 "$rootfs"/usr/lib -maxdepth 2 -name 'ld-linux*.so.*' | head -n 1)
  libraries=$(dirname "$(find "$rootfs/usr/lib" -name 'libexpat.so.1' | head -n 1)")
  PYTHONHOME=$rootfs/usr "$loader" --library-path "$libraries" "$rootfs/usr/bin/python$python" \
    -m compileall -q --invalidation-mode unchecked-hash -s "$rootfs" -p / "$rootfs/usr/lib/python$python" >&2 || true
}

digest() { sha256sum "$1" | cut -d' ' -f1; }

architecture() { dpkg --print-architecture; }

pack() {
  local work=$1 target=$2 layer=$1/image/layer.tar
  mkdir -p "$work/image"
  tar -c --sort=name --mtime=@0 --numeric-owner -C "$work/rootfs" -f "$layer" .
  cat >"$work/image/config.json" <<END
{"architecture":"$(architecture)","os":"linux","created":"1970-01-01T00:00:00Z",
"config":{"Env":["PATH=/usr/local/bin:/usr/bin:/bin","LANG=C.UTF-8","PYTHONUNBUFFERED=1"],
"Cmd":["python3"],"WorkingDir":"/app"},
"rootfs":{"type":"layers","diff_ids":["sha256:$(digest "$layer")"]},
"history":[{"created":"1970-01-01T00:00:00Z","created_by":"agentgit tests"}]}
END
  printf '[{"Config":"config.json","RepoTags":["%s"],"Layers":["layer.tar"]}]\n' "$image" >"$work/image/manifest.json"
  tar -c --sort=name --mtime=@0 --numeric-owner -C "$work/image" -f "$work/archive" config.json layer.tar manifest.json
  mv "$work/archive" "$target"
}

build() {
  local target=$1 python names
  # global: the trap runs when this function's variables are gone
  work=$(mktemp -d "$cache/build.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  python=$(find_python 2>/dev/null) || { apt-get -qq update >&2; python=$(find_python); }
  mapfile -t names < <(package_names "$python")
  download "$work/debs" "${names[@]}" || { apt-get -qq update >&2; download "$work/debs" "${names[@]}"; }
  unpack "$work/debs" "$work/rootfs"
  trim "$work/rootfs" "$python"
  furnish "$work/rootfs" "$python"
  precompile "$work/rootfs" "$python"
  find "$cache" -maxdepth 1 -name 'python-*.tar' -delete
  pack "$work" "$target"
}

cache=$1
mkdir -p "$cache"
archive=$cache/python-$(digest "${BASH_SOURCE[0]}" | head -c 12).tar
[ -s "$archive" ] || build "$archive"
printf '%s\n' "$archive"
