import type { Obstacle } from "@redline/shared";
import { shellWord } from "../escape/in-cell-perl.ts";
import type { SshSession } from "../ssh/ssh-session.ts";
import { AttemptFault } from "./attempt-fault.ts";

const LIMIT_MS = 120_000;

/**
 * Lays in the copy's way what is a process or a file of its device; the other obstacles are of the cell itself. As the cell's own
 * user, so that its user can get past it, and before the baseline, so that nothing of it is ever taken for a copy.
 * @throws AttemptFault cannot-be-held with the cell's own words.
 */
export async function layObstacles(
  session: Pick<SshSession, "exec">,
  obstacles: readonly Obstacle[],
  signal: AbortSignal,
): Promise<void> {
  for (const obstacle of obstacles) {
    const command = commandOf(obstacle);
    if (command === null) continue;
    const { code, end, stderr } = await session.exec(command, { signal, timeoutMs: LIMIT_MS });
    signal.throwIfAborted();
    if (code === 0) continue;
    const why = `obstacle ${obstacle.kind}: ${stderr.trim().slice(-200) || end}`;
    throw new AttemptFault(code === null ? "ssh-failed" : "cannot-be-held", why);
  }
}

function commandOf(obstacle: Obstacle): string | null {
  if (obstacle.kind === "port-taken")
    return ["perl", "-e", HOLD_PORTS, ...obstacle.ports.map(String)].map(shellWord).join(" ");
  return obstacle.kind === "short-disk" ? `cd && ${FILL_HOME(obstacle.freeKiB * 1024)}` : null;
}

/**
 * Listens on all addresses, says nothing and closes each connection; ends by any signal. The first process waits until the ports
 * are held, and leaves the second behind. A connection that it has closed must not hold the port once it is gone: hence the option.
 */
const HOLD_PORTS = String.raw`
use Socket; my @held;
for my $port (@ARGV) { socket(my $s, PF_INET, SOCK_STREAM, 0) or die "$!";
  setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1);
  bind($s, sockaddr_in($port, INADDR_ANY)) && listen($s, 8) or die "port $port: $!"; push @held, $s }
defined(my $child = fork) or die "$!"; exit 0 if $child;
require POSIX; POSIX::setsid(); $0 = "port-holder @ARGV"; $SIG{HUP} = "DEFAULT";
open(STDIN, "<", "/dev/null"); open(STDOUT, ">", "/dev/null"); open(STDERR, ">", "/dev/null");
for (;;) { my $bits = ""; vec($bits, fileno($_), 1) = 1 for @held; select(my $ready = $bits, undef, undef, undef);
  for (@held) { accept(my $c, $_) && close($c) if vec($ready, fileno($_), 1) } }
`.trim();

const README =
  "old-logs.bin: logs of a program that was removed from this machine long ago. Nobody needs them. The file may be deleted.";

/** Fills the home but for so many bytes. The file's blocks are there at once, without being written where the system can do that. */
const FILL_HOME = (freeBytes: number): string =>
  `set -C; printf '%s\\n' ${shellWord(README)} >old-logs.README.txt || exit 1
room() { echo $(($(stat -f -c '%a * %S' .))); }
size=$(($(room) - ${freeBytes}))
((size > 0)) || { echo "only $(room) bytes are free" >&2; exit 1; }
fallocate -l $size old-logs.bin 2>/dev/null || { rm -f old-logs.bin; head -c $size /dev/zero >old-logs.bin; } || exit 1
left=$(room)
((left <= ${freeBytes} && left >= ${freeBytes} - 65536)) || { echo "$left bytes are left" >&2; exit 1; }`;
