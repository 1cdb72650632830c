# shellcheck shell=bash disable=SC2154
# Part of engines.sh: an engine is stopped and started again on the same data, as it was or a newer one.

# Docker stops its containers with itself, but for live restore, and starts again those whose restart policy says so.
# Those of Podman run on without their service.
restart() {
  local engine=${engines[0]} folder
  lock
  alive "$engine" || refuse "$engine is not up in $root"
  # before anything is stopped: it may not be to be had here
  if [ "$newer" = yes ]; then folder=$(newest "$engine"); fi
  if [ "$engine" = docker ]; then set_live_restore; fi
  kill -TERM "$(cat "$root/$engine/pid")"
  await_end "$engine"
  if [ "$newer" = yes ]; then lay_over "$engine" "$folder"; fi
  start "$engine"
  assignments
}

newest() { "$here/newer.sh" "$cache" "$1" 2>"$root/newer.log" || refuse "$(tail -n 1 "$root/newer.log")"; }

# As after an upgrade of its packages, for those who live in the namespace of that engine.
lay_over() { inside "$1" mount -t overlay -o "lowerdir=$2/usr:/usr" overlay /usr; }

# A running daemon must know it before it stops.
set_live_restore() {
  local attempt
  write_docker_configuration
  kill -HUP "$(cat "$root/docker/pid")"
  for attempt in {1..100}; do
    if curl -fsS -m 5 --unix-socket "$(socket docker)" http://engine/info | grep -q "\"LiveRestoreEnabled\":$live_restore"; then
      return
    fi
    sleep 0.05
  done
  say "docker does not take live-restore $live_restore"
  return 1
}
