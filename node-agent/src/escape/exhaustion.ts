import { detected, escaped, stopped, unproven, type EscapeCase, type Finding } from "./escape-case.ts";
import { limitHits, recorded, WATCH_MS } from "./limit-hits.ts";
import { memoryHogs } from "./memory-hogs.ts";
import { pidsIn } from "./process-traces.ts";

/** Fills a folder until the kernel says that there is no more, at most four times its size, and clears it. */
function fillCase(id: string, folders: readonly string[]): EscapeCase {
  return {
    id,
    what: `fills ${folders.join(", ")}`,
    expected: "the size of its tmpfs (ENOSPC), or the limit of one file (EFBIG)",
    run: async (bench) => {
      const most = 4 * bench.parts.agent.spec.scratchBytes;
      const script = `use Errno; $SIG{XFSZ} = "IGNORE"; my $most = shift; my $x = "x" x 65536;
for my $dir (@ARGV) { my $all = 0; $last = 0; FILE: for my $i (1 .. 8) { open(my $f, ">", "$dir/fill$i") or refused("open");
  while ($all < $most) { my $w = syswrite($f, $x); if (!defined $w) { $last = $! + 0; next FILE if $!{EFBIG}; last FILE } $all += $w } }
  unlink map { "$dir/fill$_" } 1 .. 8; done("$dir $all") if $all >= $most; print "full $dir $all $last\n" }`;
      const before = (await limitHits(bench))["scratch"] ?? 0;
      const result = await bench.perl(script, most, ...folders);
      const full = [...result.stdout.matchAll(/^full (\S+) (\d+) (\d+)$/gm)];
      if (result.stdout.includes("went through")) return escaped(result.stdout);
      // ENOSPC, EDQUOT, EFBIG, ENOMEM
      const refused = full.every(([, , , errno = ""]) => ["28", "122", "27", "12"].includes(errno));
      if (full.length !== folders.length || !refused)
        return unproven(`${result.end} ${result.stdout} ${result.stderr}`);
      const counted = ((await limitHits(bench))["scratch"] ?? 0) - before;
      const bytes = full.map(([, folder, all]) => `${folder ?? ""} ${all ?? ""}`).join(", ");
      return stopped(
        "tmpfs size: ENOSPC",
        `bytes: ${bytes}${counted > 0 ? `; scratch limit counted ${counted}` : ""}`,
      );
    },
  };
}

export const exhaustionCases: readonly EscapeCase[] = [
  {
    id: "fork-bomb",
    what: "forks until it cannot any more (a bomb of 512 at the very most)",
    expected:
      "the cell's limit of processes: control group or resource limit (EAGAIN), else the daemon's watch",
    run: async (bench): Promise<Finding> => {
      const { processes: limit } = bench.parts.agent.spec.limits;
      const before = await limitHits(bench);
      const script = `my $last = 0; my $made = 0; for (1 .. 9) { my $p = fork; if (!defined $p) { $last = $! + 0; last } }
if ($last) { syswrite(STDOUT, "errno $last\\n") } select(undef, undef, undef, 2.5); exit 0;`;
      let most = 0;
      const look = setInterval(() => (most = Math.max(most, pidsIn(bench.cell.pidns).length)), 100);
      const result = await bench.perl(script).catch(() => null);
      clearInterval(look);
      const refused = /errno 11\b/.test(result?.stdout ?? "");
      const counted = await recorded(bench, before, "processes", refused ? 500 : WATCH_MS);
      const text = `at most ${most} processes were seen, limit ${limit}`;
      // sshd and init came before the limit of the session where each counts for itself.
      if (refused && most <= limit + 8)
        return stopped(`process limit: EAGAIN${counted === "" ? "" : `; ${counted}`}`, text);
      if (counted !== "") return detected(counted, text);
      return most > limit + 8 ? escaped(text) : unproven(`${result?.end ?? "no channel"} ${text}`);
    },
  },
  ...memoryHogs,
  fillCase("disk-fill", ["/home/agent"]),
  fillCase("tmpfs-fill", ["/tmp", "/dev/shm", "/run"]),
  {
    id: "descriptors",
    what: "opens files until it cannot any more",
    expected: "the limit of open files (EMFILE)",
    run: async (bench) => {
      const limit = bench.parts.agent.spec.limits.openFiles;
      const script = `my @all; for (1 .. $ARGV[0]) { open($all[$_], "<", "/dev/null") or refused("$_ files") } done("");`;
      const result = await bench.perl(script, limit + 16);
      const errno = /errno (\d+) (\d+) files/.exec(result.stdout);
      if (errno?.[1] === "24")
        return stopped("open-files limit: EMFILE", `at ${errno[2] ?? "?"}, limit ${limit}`);
      return result.stdout.includes("went through")
        ? escaped(`${limit + 16} files`)
        : unproven(`${result.end} ${result.stdout}`);
    },
  },
];
