import { terminalLine, type ProcessRow } from "@redline/shared";
import { labelled } from "../terminal/layout.ts";
import { askedLines, isAnswered } from "./asked-lines.ts";
import type { CopyFacts, HeldPort, Seen } from "./copy-facts.ts";

/** Processes without a port that are named. */
const QUIET_SHOWN = 10;

/** Processes with a port, ports of a process, sightings and owners that are shown; `--json` gives all. */
const SHOWN = 20;

/** What is known of what came up on the target: what answered first. */
export function showCopies(facts: readonly CopyFacts[], columns: number): string[] {
  const listening = facts
    .filter((f) => f.ports.length > 0)
    .toSorted((a, b) => Number(b.answers.some(isAnswered)) - Number(a.answers.some(isAnswered)));
  const quiet = facts.filter((f) => f.ports.length === 0);
  if (facts.length === 0) return ["  nothing new was left running on the target"];
  // A port that several processes hold was asked once: its answers stand below the first of them.
  const told = new Set<number>();
  const fresh = (copy: CopyFacts): CopyFacts => {
    const answers = copy.answers.filter((a) => !told.has(a.port));
    for (const { port } of answers) told.add(port);
    return { ...copy, answers };
  };
  return [
    ...listening
      .slice(0, SHOWN)
      .flatMap((copy, i) => [...(i === 0 ? [] : [""]), ...showCopy(fresh(copy), columns)]),
    ...(listening.length > SHOWN
      ? ["", `  and ${listening.length - SHOWN} more processes with a port (all: --json)`]
      : []),
    ...quiet.slice(0, QUIET_SHOWN).flatMap(({ process, host }) =>
      labelled("no port", `${pidText(process)} on ${host}: ${command(process)}`, {
        indent: 2,
        labelWidth: 12,
        columns,
      }),
    ),
    ...(quiet.length > QUIET_SHOWN
      ? [`  and ${quiet.length - QUIET_SHOWN} more processes without a port`]
      : []),
  ];
}

function showCopy({ host, process, ports, seen, answers }: CopyFacts, columns: number): string[] {
  const row = (label: string, text: string) => labelled(label, text, { indent: 4, labelWidth: 12, columns });
  const more = (label: string, n: number, what: string) =>
    n > SHOWN ? row(label, `and ${n - SHOWN} more ${what} (all: --json)`) : [];
  const answering = new Set(answers.filter(isAnswered).map((a) => a.port));
  const shown = ports
    .toSorted((a, b) => Number(answering.has(b.listener.port)) - Number(answering.has(a.listener.port)))
    .slice(0, SHOWN);
  const asked = answers.filter((a) => shown.some(({ listener }) => listener.port === a.port));
  return [
    `  process ${pidText(process)} on host ${host}${process.pidfdInode === undefined ? "" : `, pidfd inode ${terminalLine(process.pidfdInode)}`}`,
    ...row(
      "started",
      `${terminalLine(process.startedAt)} (tick ${process.startTick} of boot ${terminalLine(process.bootId)})`,
    ),
    ...row("executable", terminalLine(process.exe, 512)),
    ...row("command", command(process)),
    ...row("user", `uid ${process.uid} as the daemon sees it, parent pid ${process.ppid}`),
    ...shown.flatMap((port) => row("port", portText(port))),
    ...more("port", ports.length, "ports"),
    ...seen.slice(0, SHOWN).flatMap((s) => row("seen", `${s.what}: ${by(s)}`)),
    ...more("seen", seen.length, "sightings"),
    ...askedLines(asked).flatMap((text) => row("asked", text)),
  ];
}

const pidText = (p: ProcessRow) => `pid ${p.pid} (pid ${p.cellPid} in the cell)`;
const command = (p: ProcessRow) => terminalLine(p.cmdline.join(" ") || p.comm, 1000);
const by = ({ at, node, seq }: Seen) => `${at} by ${node}, record ${node}#${seq}`;

function portText({ listener, owners }: HeldPort): string {
  const names = owners.slice(0, SHOWN).map((owner) => {
    const cell = owner.cellPid === null ? "" : ` (${owner.cellPid} in the cell)`;
    return `pid ${owner.pid}${cell}${owner.exe === null ? "" : ` ${terminalLine(owner.exe)}`}`;
  });
  if (owners.length > SHOWN) names.push(`${owners.length - SHOWN} more`);
  const address = listener.family === "ipv6" ? `[${listener.address}]` : listener.address;
  return `${terminalLine(address)}:${listener.port} socket inode ${listener.inode}, held by ${names.join(" and by ") || "nobody readable"}`;
}
