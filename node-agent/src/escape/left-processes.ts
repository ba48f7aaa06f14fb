import { unproven } from "./escape-case.ts";
import { shellWord } from "./in-cell-perl.ts";
import { processTrace, WITH_CELL, type Survivor } from "./survivor.ts";
import { syscallNumber } from "./syscall-numbers.ts";

/** A process that does not want to end. `line` starts it and comes back; its arguments hold the mark, as `$1`. */
function left(id: string, what: string, line: string): Survivor {
  return {
    id,
    what,
    expected: WITH_CELL,
    plant: async (bench, mark) => {
      const result = await bench.exec(
        `bash -c ${shellWord(line)} plant ${mark} >/dev/null 2>&1; sleep 0.1; echo planted`,
      );
      return result.stdout.includes("planted")
        ? processTrace(mark, id)
        : unproven(`${result.end} ${result.stderr}`);
    },
  };
}

const inBackground = (script: string) =>
  `setsid perl -e ${shellWord(script)} "$1" </dev/null >/dev/null 2>&1 &`;

const MEMFD = `my $name = "kworker"; my $fd = syscall(NUMBER, $name, 0); open(my $to, ">&=", $fd) or die; open(my $from, "<", "/bin/bash") or die;
binmode $_ for $from, $to; my $x; while (sysread($from, $x, 1 << 20)) { syswrite($to, $x) }
exec {"/proc/self/fd/$fd"} "[kworker/0:1]", "-c", "while :; do sleep 1; done", @ARGV;`;

export const leftProcesses: readonly Survivor[] = [
  left(
    "nohup",
    "leaves a loop with nohup and setsid",
    `setsid nohup bash -c "while :; do sleep 1; done" "$1" &`,
  ),
  left(
    "double-fork",
    "leaves a grandchild in a session of its own",
    inBackground("fork and exit; fork and exit; sleep 600"),
  ),
  left(
    "ignores-signals",
    "leaves a process that ignores every signal",
    `${inBackground('$SIG{$_} = "IGNORE" for qw(HUP INT QUIT TERM USR1 USR2 ALRM PIPE TSTP); sleep 1 while 1')} sleep 0.2; pkill -TERM -f "$1 *$"; true`,
  ),
  left(
    "daemon",
    "leaves a proper daemon: no terminal, no folder, no descriptors",
    inBackground('fork and exit; chdir "/"; umask 0; close($_) for *STDIN, *STDOUT, *STDERR; sleep 600'),
  ),
  left(
    "memfd",
    "leaves a program that lies in memory only, under a kernel thread's name",
    inBackground(MEMFD.replace("NUMBER", String(syscallNumber("memfd_create")))),
  ),
  left(
    "changing-pids",
    "leaves a process that is another one at each look (fork and exit)",
    inBackground("while (1) { fork and exit; select(undef, undef, undef, 0.01) }"),
  ),
  left(
    "restarter",
    "leaves two processes that start each other again",
    inBackground(
      "sub guard { my $w = fork; if ($w == 0) { sleep 600; exit } waitpid $w, 0 } if (fork) { guard() while 1 } else { guard() while 1 }",
    ),
  ),
  left(
    "busy-mount",
    "holds its mounts busy: working folders, open files and mappings on each",
    `for d in ~ /tmp /dev/shm /run; do (cd $d && exec 9>"$d/busy-$1" && setsid tail -f "$d/busy-$1" >/dev/null 2>&1 </dev/null &); done`,
  ),
];
