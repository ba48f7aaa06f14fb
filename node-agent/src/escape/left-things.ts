import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { escaped, unproven } from "./escape-case.ts";
import { perl, refusal, REFUSED, shellWord } from "./in-cell-perl.ts";
import { heldFiles } from "./process-traces.ts";
import { WITH_CELL, type Survivor } from "./survivor.ts";

/** Memory, files and sockets. */
export const leftThings: readonly Survivor[] = [
  {
    id: "shm-file",
    what: "leaves a file in /dev/shm",
    expected: "a tmpfs of the cell's own, which ends with its mount namespace",
    plant: async (bench, mark) => {
      const made = await bench.exec(`echo left > /dev/shm/${mark} && cat /dev/shm/${mark}`);
      if (!made.stdout.includes("left")) return unproven(`${made.end} ${made.stderr}`);
      if (existsSync(`/dev/shm/${mark}`)) return escaped("it is in the host's /dev/shm");
      const at = `/proc/${bench.cell.initPid}/root/dev/shm/${mark}`;
      return {
        as: "own tmpfs",
        there: () => Promise.resolve([`/dev/shm/${mark}`, at].find((path) => existsSync(path)) ?? null),
      };
    },
  },
  {
    id: "deleted-open-file",
    what: "keeps a deleted file open",
    expected: WITH_CELL,
    plant: async (bench, mark) => {
      const script = `open(my $f, ">", $ARGV[0]); print $f "x" x 65536; $f->flush if $f->can("flush"); unlink $ARGV[0]; sleep 600`;
      await bench.exec(
        `(setsid perl -e ${shellWord(script)} ${mark}-deleted </dev/null >/dev/null 2>&1 &); sleep 0.1`,
      );
      return {
        as: "an open descriptor",
        there: () => Promise.resolve(heldFiles(`${mark}-deleted`)[0] ?? null),
      };
    },
  },
  {
    id: "listener",
    what: "leaves a listener for later visitors",
    expected: WITH_CELL,
    plant: async (bench) => {
      const script = `socket(my $s, 2, 1, 0) or refused(""); bind($s, four("0.0.0.0", 9333)) or refused("bind"); listen($s, 5) or refused("listen");
fork and done(""); open(STDOUT, ">", "/dev/null"); open(STDIN, "<", "/dev/null"); open(STDERR, ">", "/dev/null"); accept(my $c, $s) while 1;`;
      const made = await bench.exec(`setsid ${perl(script)}`);
      if (!made.stdout.includes("went through")) return unproven(`${made.end} ${made.stdout} ${made.stderr}`);
      const { address } = bench.cell;
      return {
        as: "a socket in the cell's network",
        there: async () => ((await answers(address, 9333)) ? `${address}:9333 answers` : null),
      };
    },
  },
  {
    id: "sysv-shm",
    what: "leaves a System V shared memory segment",
    expected: "the seccomp filter, else the cell's own IPC namespace",
    plant: async (bench) => {
      const key = 0x7ed11e;
      const script = `defined(shmget(${key}, 4096, 01666)) or refused(""); done("");`;
      const found = refusal(await bench.perl(script), "seccomp", REFUSED);
      if (found.outcome === "stopped") return found;
      if (hasSegment("/proc/sysvipc/shm", key)) return escaped("the host has the segment");
      const inside = await bench.exec("cat /proc/sysvipc/shm");
      if (!inside.stdout.includes(String(key))) return unproven("it was not made");
      // Nobody outside can see into an IPC namespace but through a process in it.
      return {
        as: "own IPC namespace",
        there: () =>
          Promise.resolve(
            existsSync(`/proc/${bench.cell.initPid}/ns/ipc`)
              ? "in the cell's IPC namespace"
              : hasSegment("/proc/sysvipc/shm", key)
                ? "on the host"
                : null,
          ),
      };
    },
  },
];

function hasSegment(path: string, key: number): boolean {
  return readText(path)
    .split("\n")
    .some((line) => line.trim().split(/\s+/)[0] === String(key));
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Whether somebody accepts a connection from the host. */
function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.setTimeout(500, () => socket.destroy());
    socket.once("connect", () => {
      resolve(true);
      socket.destroy();
    });
    socket.on("error", () => undefined);
    socket.once("close", () => resolve(false));
  });
}
