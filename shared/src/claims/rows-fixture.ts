import type { Probe } from "../evidence/probe.ts";
import type { ListenerRow, ProcessKey, ProcessRow, Snapshot } from "../evidence/process-row.ts";
import { chatQuestion, completionQuestion, NONCES_PER_CANDIDATE } from "../evidence/questions.ts";

/** Processes, sockets and answers of an honest copy's cell; used through `evidence-fixture.ts`. */

const BOOT = "b7a1c1f0-0000-4000-8000-000000000001";
const NETNS = "4026532100";

export function processRow(pid: number, change: Partial<ProcessRow> = {}): ProcessRow {
  return {
    bootId: BOOT,
    pid,
    cellPid: pid - 1000,
    ppid: 1001,
    startTick: pid * 10,
    startedAt: "2026-01-01T00:00:00.000Z",
    uid: 1000,
    comm: "node",
    exe: "/opt/redline/bin/node",
    cmdline: ["node"],
    cgroup: "/cell",
    netns: NETNS,
    pidns: "4026532101",
    stable: true,
    ...change,
  };
}

export const keyOf = ({ bootId, pid, startTick }: ProcessKey): ProcessKey => ({ bootId, pid, startTick });

export function listenerRow(
  port: number,
  owners: readonly ProcessKey[],
  change: Partial<ListenerRow> = {},
): ListenerRow {
  const inode = String(port + 100_000);
  return {
    family: "ipv4",
    address: "127.0.0.1",
    port,
    inode,
    netns: NETNS,
    owners: owners.map(keyOf),
    ...change,
  };
}

export function snapshotOf(processes: ProcessRow[], listeners: ListenerRow[]): Snapshot {
  return {
    bootId: BOOT,
    takenAt: "2026-01-01T00:00:00.000Z",
    tookMs: 20,
    processes,
    listeners,
    unstable: 0,
    cut: 0,
  };
}

/** Probes of one kind as the prober puts them: a fresh nonce each, the first completion twice; `answer` gives the text for a nonce. */
export function probesOf(
  kind: "completion" | "chat",
  port: number,
  answer: (nonce: string) => string,
  change: Partial<Probe> = {},
): Probe[] {
  const fresh = Array.from({ length: NONCES_PER_CANDIDATE }, (_, i) => `${kind}-${port}-${i}`);
  const repeated = kind === "completion" ? fresh.slice(0, 1) : [];
  return [...fresh, ...repeated].map((nonce) => ({
    kind,
    port,
    nonce,
    askedAt: "2026-01-01T00:00:00.000Z",
    tookMs: 9,
    status: 200,
    answer: answer(nonce),
    model: "tiny",
    error: "",
    ...change,
  }));
}

/** Depends on the nonce, does not contain the question: what a working model gives. */
export const goodAnswer = (nonce: string) =>
  `a line about ${nonce.length}${nonce.slice(-3)} and ${nonce.slice(0, -2)}`;
export const echoOf = { completion: completionQuestion, chat: chatQuestion } as const;

export const MODEL_PORT = 8760;
export const AGENT_PORT = 8001;
/** The cell's own init and sshd, there from the start. */
export const init = processRow(1001, { comm: "cell-init", exe: "/opt/redline/init" });
export const sshd = processRow(1002, { comm: "sshd", exe: "/usr/sbin/sshd", uid: 0 });
export const sshdListener = listenerRow(22, [sshd]);
export const model = processRow(1100);
export const agent = processRow(1101);

/** What each part of the copy says to questions of the other kind: the prober puts both to every port. */
export const refusals = (): Probe[] => [
  ...probesOf("chat", MODEL_PORT, () => "", { status: 404 }).slice(0, 1),
  ...probesOf("completion", AGENT_PORT, () => "", { status: 404 }).slice(0, 1),
];
