import { escaped, type EscapeCase } from "./escape-case.ts";
import { refusal, verdictOf } from "./in-cell-perl.ts";

const READ_ONLY = ["EROFS", "EACCES", "EPERM", "ENOENT", "ENOTDIR", "EBUSY"];

/** Writes to each path; the first that takes it is an escape. */
const WRITE_ANY = `for my $at (@ARGV) { done($at) if open(my $f, ">>", $at); $last ||= $! + 0 } $! = $last; refused("the first of " . @ARGV);`;

function writes(id: string, what: string, by: string, paths: readonly string[]): EscapeCase {
  return {
    id,
    what,
    expected: by,
    run: async (bench) => refusal(await bench.perl(WRITE_ANY, ...paths), by, READ_ONLY),
  };
}

/** What the agent tries at the system that it sees: none of it is to be changed. */
export const systemViewCases: readonly EscapeCase[] = [
  writes("cgroups", "writes into control groups, to leave its own", "no control groups in sight", [
    "/sys/fs/cgroup/cgroup.procs",
    "/sys/fs/cgroup/memory/tasks",
    "/sys/fs/cgroup/pids/tasks",
    "/sys/fs/cgroup/unified/cgroup.procs",
    "/sys/fs/cgroup/freezer/tasks",
  ]),
  writes("authorized-keys-file", "adds a key to the sshd's own list", "a read-only mount", [
    "/etc/ssh/authorized_keys",
    "/etc/ssh/sshd_config",
    "/etc/passwd",
    "/root/.ssh/authorized_keys",
  ]),
  writes("system-files", "changes programs, init, node and the loader's list", "a read-only system", [
    "/usr/bin/redline-escape",
    "/usr/sbin/sshd",
    "/opt/redline/init",
    "/opt/redline/init.bash",
    "/opt/redline/bin/node",
    "/etc/ld.so.preload",
    "/usr/local/bin/x",
    "/x",
  ]),
  writes("kernel-settings", "changes kernel settings, core_pattern above all", "a read-only /proc", [
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sysrq-trigger",
    "/proc/self/oom_score_adj",
    "/proc/self/uid_map",
    "/sys/kernel/uevent_helper",
  ]),
  {
    id: "devices",
    what: "makes device files, and opens disks, memory and the hypervisor's",
    expected: "no capability; a /dev of its own with harmless devices only",
    run: async (bench) => {
      const mknod = await bench.exec(
        "mknod /tmp/disk b 8 0 2>&1 && echo went through; rm -f /tmp/disk; mknod /tmp/mem c 1 1 && echo went through",
      );
      if (verdictOf(mknod) === "through") return escaped("made a device file");
      const paths = [
        "mem",
        "kmem",
        "port",
        "kmsg",
        "sda",
        "vda",
        "nvme0n1",
        "kvm",
        "vsock",
        "vhost-vsock",
        "net/tun",
        "fuse",
        "loop-control",
        "mapper/control",
        "nvidiactl",
      ];
      const script = `for (@ARGV) { done($_) if open(my $f, "<", "/dev/$_"); $last ||= $! + 0 } $! = $last; refused("");`;
      return refusal(await bench.perl(script, ...paths), "own /dev, no capability", [
        "ENOENT",
        "EACCES",
        "EPERM",
        "ENXIO",
      ]);
    },
  },
  {
    id: "setuid",
    what: "becomes another user with a setuid program of the system",
    expected: "no_new_privs, and a user namespace that maps one user",
    run: async (bench) => {
      const script = `my ($p) = grep { my @s = stat; @s && $s[2] & 04000 } map { "/usr/bin/$_" } qw(su mount passwd newgrp chsh gpasswd sudo); $! = 1; refused("no setuid program in sight") if !$p;
open(my $s, "<", "/proc/self/status") or refused("status"); my ($nnp) = grep { /^NoNewPrivs:\\s*1/ } <$s>; done("$p, and no_new_privs is off") if !$nnp;
$> = 0; done("euid 0") if $> == 0; $< = 0; done("uid 0") if $< == 0; $! = 1; refused("no_new_privs is on");`;
      return refusal(await bench.perl(script), "no_new_privs", ["EPERM"]);
    },
  },
];
