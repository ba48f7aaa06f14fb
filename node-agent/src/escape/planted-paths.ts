import { closeSync, readSync } from "node:fs";
import { readCellFile } from "../isolate/cell-file.ts";
import { openInCell } from "../isolate/cell-path.ts";
import { escaped, stopped, unproven, type EscapeCase } from "./escape-case.ts";
import type { EscapeBench } from "./escape-bench.ts";
import { shellWord } from "./in-cell-perl.ts";

/** What the daemon reads of a path in the cell, by both ways that it has; null when it refuses. */
function readBoth(bench: EscapeBench, path: string): string[] {
  return (["follow", "refuse"] as const).map((links) => {
    try {
      using held = openInCell(bench.cell.initPid, path, links);
      const descriptor = held.openToRead();
      try {
        const buffer = Buffer.alloc(4096);
        return buffer.toString("utf8", 0, readSync(descriptor, buffer, 0, buffer.length, 0));
      } finally {
        closeSync(descriptor);
      }
    } catch (error) {
      return `refused: ${error instanceof Error ? error.message : String(error)}`;
    }
  });
}

const HOME = "/home/agent";
const PATHS = "the daemon resolves paths inside the cell's root, by descriptor";
const words = (text: string) => text.replace(/\s+/g, " ").slice(0, 120);

/** The agent puts something in the place of a file that the daemon will read; what it wants is the host's secret. */
function plantedPath(id: string, what: string, make: (secret: string) => string, path: string): EscapeCase {
  return {
    id,
    what,
    expected: PATHS,
    run: async (bench) => {
      const { secret } = bench.parts;
      const made = await bench.exec(`${make(secret.path)} && ls -ld ${path}`);
      if (made.code !== 0) return unproven(`${made.end} ${made.stderr}`);
      const read = [...readBoth(bench, path), (await readCellFile(bench.cell, path, 4096)) ?? "refused"];
      if (read.some((text) => text.includes(secret.text))) return escaped(`the daemon read ${secret.path}`);
      return stopped(PATHS, words(read.join("; ")));
    },
  };
}

/** Names that the agent plants where the daemon reads: none may lead it out of the cell, or hold it up. */
export const plantedPathCases: readonly EscapeCase[] = [
  plantedPath(
    "symlink",
    "puts a link to a host file where the daemon reads",
    (secret) => `ln -sfn ${shellWord(secret)} ~/link-absolute`,
    `${HOME}/link-absolute`,
  ),
  plantedPath(
    "traversal",
    "puts a link with many .. where the daemon reads",
    (secret) => `ln -sfn ${"../".repeat(40)}${shellWord(secret.slice(1))} ~/link-relative`,
    `${HOME}/link-relative`,
  ),
  plantedPath(
    "magic-link",
    "puts a folder that is a link into /proc where the daemon reads",
    (secret) => `ln -sfn /proc/self/root ~/folder && ln -sfn folder${shellWord(secret)} ~/link-magic`,
    `${HOME}/link-magic`,
  ),
  {
    id: "swap-race",
    what: "swaps a file and a link to the host all the time while the daemon reads it",
    expected: PATHS,
    run: async (bench) => {
      const { secret } = bench.parts;
      const script = `my $end = time + 1; open(my $f, ">", "race-file"); print $f "harmless"; close $f; symlink($ARGV[0], "race-link");
while (time < $end) { for my $from (qw(race-file race-link)) { link($from, "race-new") or symlink($ARGV[0], "race-new"); rename("race-new", "race") } } print "raced\\n";`;
      const racing = bench.perl(script, secret.path);
      // Awaited below, after the reads.
      racing.catch(() => undefined);
      let reads = 0;
      let hits = 0;
      const until = performance.now() + 400;
      while (performance.now() < until) {
        for (const text of readBoth(bench, `${HOME}/race`)) {
          if (text.includes(secret.text)) hits += 1;
          if (text === "harmless") reads += 1;
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      const raced = await racing;
      if (hits > 0) return escaped(`the daemon read ${secret.path} ${hits} times`);
      if (!raced.stdout.includes("raced") || reads === 0)
        return unproven(`${raced.end} ${raced.stderr} ${reads} reads`);
      return stopped(PATHS, `${reads} reads of the harmless file, none of the other`);
    },
  },
  {
    id: "blocking-file",
    what: "puts a FIFO, an endless device and a socket where the daemon reads",
    expected: "the daemon opens regular files only, and never waits",
    run: async (bench) => {
      const made = await bench.exec(
        `rm -f fifo sock; mkfifo fifo && ln -sfn /dev/zero endless && perl -e 'socket(my $s, 1, 1, 0); bind($s, pack("S a*", 1, "sock"))' && ls -d fifo endless sock`,
      );
      if (made.code !== 0) return unproven(`${made.end} ${made.stderr}`);
      const read = ["fifo", "endless", "sock"].flatMap((name) => readBoth(bench, `${HOME}/${name}`));
      return read.every((text) => text.startsWith("refused"))
        ? stopped("the daemon reads regular files only", words(read.join("; ")))
        : escaped(words(read.join("; ")));
    },
  },
];
