import type { EscapeCase, Finding } from "./escape-case.ts";
import type { EscapeBench } from "./escape-bench.ts";
import { impossible, unproven } from "./escape-case.ts";
import { perlArguments, refusal, REFUSED, verdictOf } from "./in-cell-perl.ts";
import { syscallNumber, type SyscallName } from "./syscall-numbers.ts";
import { runTool } from "../cell/run-tool.ts";

const SECCOMP = "seccomp or capabilities";

/** One system call with arguments that a kernel without a filter would take in: refused at the door, or the door is open. */
function oneCall(
  id: string,
  what: string,
  name: SyscallName,
  args: string,
  errnos: readonly string[] = REFUSED,
): EscapeCase {
  const expected = "the seccomp filter, with an errno of refusal";
  const run = async (bench: EscapeBench): Promise<Finding> => {
    const result = await bench.perl(`call(${syscallNumber(name)}, ${args}); done("");`);
    return refusal(result, SECCOMP, errnos);
  };
  return { id, what, expected, run };
}

/** A socket is only made, never connected. Where the host's own kernel has no such family there is nothing to try. */
function oneSocket(id: string, what: string, family: number, type: number, protocol: number): EscapeCase {
  const script = `socket(my $s, ${family}, ${type}, ${protocol}) or refused(""); done("");`;
  return {
    id,
    what,
    expected: "the seccomp filter: no such address family, or no right to it",
    run: async (bench) => {
      const found = refusal(await bench.perl(script), SECCOMP);
      if (found.outcome !== "stopped") return found;
      const outside = await runTool("/usr/bin/env", ["perl", ...perlArguments(script, [])]);
      const control = verdictOf({ stdout: outside.stdout, signal: null });
      if (control === "EAFNOSUPPORT") return impossible(`the node's kernel has no address family ${family}`);
      return control === null ? unproven("no control on the host: is perl there?") : found;
    },
  };
}

/** CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWNS. */
const NEW_ALL = 0x10000000 + 0x20000000 + 0x40000000 + 0x00020000;

export const systemCallCases: readonly EscapeCase[] = [
  oneSocket("vsock", "makes a socket to the hypervisor (AF_VSOCK, never connected)", 40, 1, 0),
  oneSocket("packet-socket", "makes a packet socket, which passes the firewall's output hook", 17, 3, 0x300),
  oneSocket("raw-socket", "makes a raw IPv4 socket", 2, 3, 255),
  oneSocket("raw-socket-6", "makes a raw IPv6 socket", 10, 3, 58),
  oneSocket("netfilter-socket", "opens netlink to the firewall, to change its rules", 16, 3, 12),
  oneCall("user-namespace", "makes user, PID and network namespaces of its own", "unshare", String(NEW_ALL)),
  oneCall(
    "clone-user-namespace",
    "makes a child in a user namespace of its own",
    "clone",
    // CLONE_NEWUSER | SIGCHLD
    "0x10000011, 0, 0, 0, 0",
  ),
  {
    id: "enter-namespace",
    what: "joins a namespace by descriptor, as nsenter does",
    expected: "the seccomp filter, with an errno of refusal",
    run: async (bench) => {
      const script = `open(my $f, "<", "/proc/self/ns/net") or refused("open"); call(${syscallNumber("setns")}, fileno($f), 0); done("");`;
      return refusal(await bench.perl(script), SECCOMP);
    },
  },
  oneCall(
    "mount",
    "mounts a file system over one of the cell's",
    "mount",
    `my $a = "tmpfs", my $b = "/tmp", my $c = "tmpfs", 0, 0`,
  ),
  oneCall("mount-new-api", "opens a file system with the newer mount calls", "fsopen", `my $a = "tmpfs", 0`),
  oneCall("chroot", "changes its root", "chroot", `my $a = "/tmp"`),
  oneCall("ptrace", "has itself traced, as a debugger does", "ptrace", "0, 0, 0, 0"),
  {
    id: "ptrace-daemon",
    what: "traces init and the daemon, and reads their memory",
    expected: "the seccomp filter; the daemon has no pid in the cell",
    run: async (bench) => {
      const script = `my ($t, $r, $o) = (${syscallNumber("ptrace")}, ${syscallNumber("process_vm_readv")}, 16);
for my $pid (1, $ARGV[0]) {
  done("attached to $pid") if syscall($t, $o, $pid, 0, 0) == 0;
  my $mem = "x" x 16; my $iov = pack("Q Q", unpack("Q", pack("P", $mem)), 16);
  done("read $pid") if syscall($r, $pid, $iov, 1, $iov, 1, 0) > 0;
  done("opened memory of $pid") if open(my $f, "+<", "/proc/$pid/mem");
}
$! = 1 if $! == 2 || $! == 3; refused("ptrace, process_vm_readv, /proc/PID/mem");`;
      return refusal(await bench.perl(script, process.pid), SECCOMP);
    },
  },
  {
    id: "steal-descriptor",
    what: "takes a descriptor of init by pidfd",
    expected: "the seccomp filter, with an errno of refusal",
    run: async (bench) => {
      const script = `my $p = syscall(${syscallNumber("pidfd_open")}, 1, 0); refused("pidfd_open") if $p < 0;
call(${syscallNumber("pidfd_getfd")}, $p, 0, 0); done("");`;
      return refusal(await bench.perl(script), SECCOMP);
    },
  },
  oneCall("bpf", "makes a BPF map", "bpf", `0, my $a = pack("L4 x48", 2, 4, 4, 1), 64`),
  oneCall("userfaultfd", "takes over page faults, a tool of kernel exploits", "userfaultfd", "1"),
  oneCall("keyctl", "asks for the kernel's keyring", "keyctl", "0, -3, 0"),
  oneCall("io-uring", "opens io_uring, which no filter of system calls sees", "io_uring_setup", "0, 0"),
  oneCall("perf", "opens a performance counter", "perf_event_open", "0, 0, -1, -1, 0"),
  oneCall(
    "file-handle",
    "opens a file of the host by its handle",
    "open_by_handle_at",
    `-100, my $a = pack("l l a8", 8, 1, ""), 0`,
  ),
];
