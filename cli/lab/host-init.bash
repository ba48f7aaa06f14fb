#!/usr/bin/env bash
# PID 1 of one lab host. Brings up what a machine's own init would: a private /run, a host name, and a
# node daemon that is started again when it dies. When this process ends, the kernel ends everything
# in the host's PID namespace.
# Arguments: HOSTNAME COMMAND...
set -u
host=$1
shift
hostname "$host" 2>/dev/null || echo "$host" >/proc/sys/kernel/hostname
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/netns /run/lock /run/mqueue
# What lies in these was left by a cell, or by nobody: the daemon compares them before and after an attempt.
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t mqueue mqueue /run/mqueue
ip link set lo up
# A look at a namespace's socket table walks all its buckets; cells get theirs from this host's size.
echo 1024 >/proc/sys/net/ipv4/tcp_child_ehash_entries 2>/dev/null || true
# Frames of a cell must never be routed on to another link of this host.
echo 0 >/proc/sys/net/ipv4/ip_forward 2>/dev/null || true

# Ways to model servers outside the lab (`--brain-url`): on this host's own loopback, where no cell can come. Before the daemon, so
# that they are of the node as it was before any attempt.
if [ -n "${LAB_LISTENERS:-}" ]; then
  env -u LAB_LISTENERS -u LAB_LISTENERS_ENTRY "$1" "$LAB_LISTENERS_ENTRY" "$LAB_LISTENERS" </dev/null &
  unset LAB_LISTENERS LAB_LISTENERS_ENTRY
fi

daemon=0
stopping=0
on_term() {
  stopping=1
  [ "$daemon" -gt 0 ] && kill -TERM "$daemon" 2>/dev/null
}
trap on_term TERM

while [ "$stopping" -eq 0 ]; do
  "$@" </dev/null &
  daemon=$!
  # `wait` returns early on a trapped signal: wait again for the daemon itself.
  while kill -0 "$daemon" 2>/dev/null; do wait "$daemon"; done
  [ "$stopping" -eq 1 ] || sleep 0.3
done
