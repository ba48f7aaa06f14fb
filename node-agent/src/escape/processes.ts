import { escaped, stopped, unproven, type EscapeCase } from "./escape-case.ts";
import { refusal, verdictOf } from "./in-cell-perl.ts";
import { pidsIn } from "./process-traces.ts";

/** What the agent tries at processes that are not its own. */
export const processCases: readonly EscapeCase[] = [
  {
    id: "host-processes",
    what: "looks for processes of the host and of other cells in /proc",
    expected: "the cell's own PID namespace",
    run: async (bench) => {
      const result = await bench.exec(
        "cd /proc && for p in [0-9]*; do echo $p $(readlink $p/ns/pid); done; echo went through",
      );
      if (verdictOf(result) === null) return unproven(`${result.end} ${result.stderr}`);
      const rows = result.stdout.split("\n").flatMap((line) => /^\d+ ?(.*)$/.exec(line)?.slice(1) ?? []);
      const foreign = rows.filter((ns) => ns !== "" && ns !== `pid:[${bench.cell.pidns}]`);
      const members = pidsIn(bench.cell.pidns).length;
      if (foreign.length > 0) return escaped(`in another PID namespace: ${foreign.join(" ")}`);
      // Those of the script itself are gone again when the daemon counts.
      return rows.length > 0 && rows.length <= members + 4
        ? stopped("PID namespace", `saw ${rows.length}, the cell has ${members}`)
        : escaped(`saw ${rows.length} processes, the cell has ${members}`);
    },
  },
  {
    id: "signal-daemon",
    what: "kills the daemon by its pid",
    expected: "the cell's own PID namespace: the daemon has no pid there",
    run: async (bench) => {
      // The same number may be a process of the cell, which it may kill: only its own harm.
      const script = `my ($pid, $ns) = @ARGV; if (-d "/proc/$pid") { my $at = readlink("/proc/$pid/ns/pid") // ""; done("pid $pid is in $at") if $at ne "" && $at ne $ns; $! = 3; refused("pid $pid is one of the cell") }
kill(9, $pid) ? done("killed") : refused("");`;
      const result = await bench.perl(script, process.pid, `pid:[${bench.cell.pidns}]`);
      return refusal(result, "PID namespace", ["ESRCH"]);
    },
  },
  {
    id: "init-files",
    what: "reads and writes memory, descriptors, root and environment of the cell's init",
    expected: "init cannot be looked into by its own user (not dumpable)",
    run: async (bench) => {
      const script = `for (qw(mem fd/0 fd/1 root/etc/hostname cwd/etc environ maps)) { done("/proc/1/$_") if open(my $f, "<", "/proc/1/$_") and defined(sysread($f, my $x, 1)); $last ||= $! + 0 }
done("wrote memory") if open(my $f, "+<", "/proc/1/mem"); done("exe") if defined readlink("/proc/1/exe"); refused("");`;
      return refusal(await bench.perl(script), "init is not dumpable", ["EACCES", "EPERM"]);
    },
  },
];
