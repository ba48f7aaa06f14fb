import { terminalLine, type ProcessRow } from "@redline/shared";
import { duration } from "../terminal/duration.ts";
import { labelled } from "../terminal/layout.ts";
import type { CopyFacts, HeldPort, Seen } from "./copy-facts.ts";

/** Processes without a port that are named. */
const QUIET_SHOWN = 10;

/** Everything known of what came up on the target. */
export function showCopies(facts: readonly CopyFacts[], columns: number): string[] {
  const listening = facts.filter((f) => f.ports.length > 0);
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
    ...listening.flatMap((copy, i) => [...(i === 0 ? [] : [""]), ...showCopy(fresh(copy), columns)]),
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
  return [
    `  process ${pidText(process)} on host ${host}`,
    ...row(
      "started",
      `${terminalLine(process.startedAt)} (tick ${process.startTick} of boot ${terminalLine(process.bootId)})`,
    ),
    ...row("executable", terminalLine(process.exe, 512)),
    ...row("command", command(process)),
    ...row("user", `uid ${process.uid} as the daemon sees it, parent pid ${process.ppid}`),
    ...ports.flatMap((port) => row("port", portText(port))),
    ...seen.flatMap((s) => row("seen", `${s.what}: ${by(s)}`)),
    ...answers.flatMap((a) => row("asked", askedText(a))),
  ];
}

const pidText = (p: ProcessRow) => `pid ${p.pid} (pid ${p.cellPid} in the cell)`;
const command = (p: ProcessRow) => terminalLine(p.cmdline.join(" ") || p.comm, 1000);
const by = ({ at, node, seq }: Seen) => `${at} by ${node}, record ${node}#${seq}`;

function portText({ listener, owners }: HeldPort): string {
  const names = owners.map((owner) => {
    const cell = owner.cellPid === null ? "" : ` (${owner.cellPid} in the cell)`;
    return `pid ${owner.pid}${cell}${owner.exe === null ? "" : ` ${terminalLine(owner.exe)}`}`;
  });
  const address = listener.family === "ipv6" ? `[${listener.address}]` : listener.address;
  return `${terminalLine(address)}:${listener.port} socket inode ${listener.inode}, held by ${names.join(" and by ") || "nobody readable"}`;
}

function askedText(probe: CopyFacts["answers"][number]): string {
  const what = probe.nonce === "" ? probe.kind : `${probe.kind}, nonce ${terminalLine(probe.nonce)}`;
  const got =
    probe.error === ""
      ? `answer (HTTP ${probe.status}, ${duration(probe.tookMs)}): "${terminalLine(probe.answer, 200)}"`
      : `no answer: ${terminalLine(probe.error)}`;
  return `port ${probe.port} ${what}; ${got}; ${by({ ...probe, at: probe.askedAt })}`;
}
