#!/usr/bin/env bash
# PID 1 of the namespaces in which `redline agent` makes its cell: what a lab host's init sets up, for one program. Stays, so that what
# loses its parent is reaped; when this process ends, the kernel ends everything in here.
# Arguments: COMMAND...
set -u
mount -t tmpfs -o mode=755 tmpfs /run || exit 70
mkdir -p /run/netns /run/lock /run/mqueue
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t mqueue mqueue /run/mqueue
ip link set lo up || exit 71
echo 1024 >/proc/sys/net/ipv4/tcp_child_ehash_entries 2>/dev/null || true
# Frames of a cell must never be routed on.
echo 0 >/proc/sys/net/ipv4/ip_forward 2>/dev/null || true
"$@"
exit $?
