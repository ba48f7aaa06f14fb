import type { ExecResult } from "../ssh/exec.ts";
import { detected, escaped, stopped, unproven, type EscapeCase, type Finding } from "./escape-case.ts";
import { limitHits, recorded, WATCH_MS } from "./limit-hits.ts";
import { syscallNumber } from "./syscall-numbers.ts";

const MIB = 1_048_576;
/**
 * Memory is asked for in steps, up to twice what the cell may have, and never more: a suite must not take the node down. What
 * went through is printed as it goes; a hog that was killed has no last word.
 */
function memoryCase(
  id: string,
  what: string,
  script: (steps: number) => string,
  together: boolean,
): EscapeCase {
  return {
    id,
    what,
    expected: "the cell's memory limit: control group, else resource limit and the daemon's watch",
    run: async (bench): Promise<Finding> => {
      const limit = bench.parts.agent.spec.limits.memoryBytes;
      const before = await limitHits(bench);
      const result = await bench.perl(script(Math.ceil((2 * limit) / (16 * MIB))));
      const got = (result.stdout.match(/\./g) ?? []).length * 16 * MIB;
      const text = `${got / MIB} MiB of ${limit / MIB}, ${result.end} ${result.signal ?? result.code ?? ""}`;
      const counted = await recorded(bench, before, "memory", got >= limit ? WATCH_MS : 500);
      const held = result.stdout.includes("held");
      const how = endOfHog(result);
      if (held) return counted === "" ? escaped(text) : detected(counted, text);
      if (how === null)
        return counted === "" ? unproven(`${text} ${result.stderr}`) : detected(counted, text);
      // Below the limit, or one of several: the kernel's own doing. Above it, somebody came later.
      if (got > limit && !together)
        return counted === "" ? unproven(text) : detected(`${how}; ${counted}`, text);
      return stopped(counted === "" ? how : `${how}; ${counted}`, text);
    },
  };
}

/** How a hog that does not hold its memory ended: only what a limit does counts. */
function endOfHog({ signal, code, stdout, stderr }: ExecResult): string | null {
  if (signal !== null && /KILL$/.test(signal)) return "killed";
  if (code === 137 || stdout.includes("killed")) return "killed";
  if (/out of memory/i.test(stderr)) return "refused: ENOMEM";
  // ENOMEM, EFBIG, ENOSPC of a write; a file's limit may end the writer by a signal as well.
  const errno = /errno (12|27|28)\b/.exec(stdout)?.[1];
  if (errno !== undefined) return `refused: errno ${errno}`;
  return signal !== null && /XFSZ$/.test(signal) ? "refused: SIGXFSZ" : null;
}

/** Also without a limit of the kernel's it is touched, or it would be no memory yet. */
const HOG = (steps: number) =>
  `my @all; for (1 .. ${steps}) { push @all, "x" x ${16 * MIB}; print "." } print "held\\n";`;
/** In many files, each below the limit of one file. */
const MEMFD_HOG = (steps: number) =>
  `$SIG{XFSZ} = "IGNORE"; my $n = "hog"; my $x = "x" x ${4 * MIB}; my @all;
for (1 .. ${steps}) { for (1 .. 4) { my $fd = call(${syscallNumber("memfd_create")}, $n, 0); open(my $f, ">&=", $fd) or refused(""); push @all, $f; my $w = syswrite($f, $x); refused("write") if !defined $w || $w < ${4 * MIB} } print "." } select(undef, undef, undef, 4); print "held\n";`;
/** Four at once, each far below the limit of one process. */
const TOGETHER = (steps: number) =>
  `my @kids; for (1 .. 4) { my $p = fork; refused("fork") if !defined $p; if (!$p) { my @all; for (1 .. ${Math.floor(steps / 4)}) { push @all, "x" x ${16 * MIB}; syswrite(STDOUT, ".") } select(undef, undef, undef, 4); exit 0 } push @kids, $p }
waitpid(-1, 0); my $end = $?; kill(9, @kids); print $end ? "killed\n" : "held\n";`;

export const memoryHogs: readonly EscapeCase[] = [
  memoryCase("memory-hog", "takes twice the memory that it may have, in one process", HOG, false),
  memoryCase("memory-together", "takes it in four processes, each below the limit of one", TOGETHER, true),
  memoryCase(
    "memfd-hog",
    "takes it in files that have no name and no process's memory (memfd)",
    MEMFD_HOG,
    false,
  ),
];
