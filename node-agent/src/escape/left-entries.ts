import { readdirSync, readFileSync } from "node:fs";
import { newEphemeralKey } from "../ssh/ephemeral-key.ts";
import { SshError } from "../ssh/ssh-error.ts";
import { logIn } from "./escape-bench.ts";
import { escaped, stopped, unproven } from "./escape-case.ts";
import { refusal, shellWord } from "./in-cell-perl.ts";
import { processTrace, type Survivor } from "./survivor.ts";
import { syscallNumber } from "./syscall-numbers.ts";

/** Entries in tables of the host or of sshd, and namespaces to hide in. */
export const leftEntries: readonly Survivor[] = [
  {
    id: "own-namespaces",
    what: "hides a process in user, PID and network namespaces of its own",
    expected: "the seccomp filter, with an errno of refusal",
    plant: async (bench, mark) => {
      const all = 0x10000000 + 0x20000000 + 0x40000000;
      const script = `call(${syscallNumber("unshare")}, ${all}); fork and done(""); open(STDOUT, ">", "/dev/null"); sleep 600;`;
      const found = refusal(await bench.perl(script, mark), "seccomp");
      return found.outcome === "escaped" ? processTrace(mark, "hidden namespaces") : found;
    },
  },
  {
    id: "crontab-line",
    what: "leaves a line in the table of cron",
    expected: "no table of cron in the cell",
    plant: async (bench, mark) => {
      const script = `use Errno; for (qw(/var/spool/cron/crontabs/agent /var/spool/cron/agent /etc/crontab /etc/cron.d/agent)) { done($_) if open(my $f, ">>", $_) and print $f "* * * * * agent true $ARGV[0]\\n"; } refused("");`;
      const found = refusal(await bench.perl(script, mark), "read-only view", ["ENOENT", "EROFS", "EACCES"]);
      if (found.outcome !== "stopped") return found;
      const table = cronFiles().find((path) => readText(path).includes(mark));
      return table === undefined ? found : escaped(`${table} of the host has the line`);
    },
  },
  {
    id: "authorized-keys",
    what: "leaves a key of its own in ~/.ssh/authorized_keys and sshd's list",
    expected: "sshd reads one list, which lies on a read-only mount",
    plant: async (bench) => {
      const own = newEphemeralKey("intruder");
      const line = shellWord(own.publicKeyLine);
      await bench.exec(
        `mkdir -p -m 700 ~/.ssh && echo ${line} >> ~/.ssh/authorized_keys; echo ${line} >> /etc/ssh/authorized_keys; ls -l ~/.ssh`,
      );
      try {
        await using session = await logIn(bench, own.privateKey, bench.parts.signal);
        return escaped(`the key opens the cell: ${(await session.exec("id")).stdout}`);
      } catch (error) {
        if (!(error instanceof SshError) || error.code !== "auth") return unproven(String(error));
        const log = /(Failed publickey|Connection (closed|reset) by auth)[^\n]*/.exec(bench.cell.log())?.[0];
        return stopped(
          log === undefined ? "sshd refuses the key" : "sshd refuses the key, in its log",
          log ?? error.message,
        );
      }
    },
  },
];

function cronFiles(): string[] {
  const folders = ["/var/spool/cron/crontabs", "/var/spool/cron", "/etc/cron.d"];
  return ["/etc/crontab", ...folders.flatMap((folder) => listed(folder).map((name) => `${folder}/${name}`))];
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
