import { benchCell } from "./cell.ts";
import { benchChallenge, FLOOR_MS, SILENCES_MS } from "./challenge.ts";
import type { SectionName } from "./choose-sections.ts";
import { benchDigest } from "./digest.ts";
import { dispatchLines } from "./dispatch-lines.ts";
import { benchListener } from "./listener.ts";
import { failoverLines } from "./failover-lines.ts";
import { loopLines } from "./loop-lines.ts";
import { placementLines } from "./placement-lines.ts";
import { benchSnapshot } from "./snapshot.ts";
import { show } from "./spread.ts";
import { benchSsh } from "./ssh.ts";
import { benchTrials } from "./trial.ts";

/** Lines to print, as they become known; the first of a section is its title. */
export type Section = () => AsyncGenerator<string, void>;

const met = (yes: boolean) => (yes ? "met" : "NOT met");
const atMost = (value: number, most: number) =>
  `${value.toFixed(2)} (goal: at most ${most}; ${met(value <= most)})`;
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

async function* ssh() {
  yield "One SSH command (exec true) into a cell, ours over ssh2 against OpenSSH ControlMaster, in turns of ten";
  const { ours, openssh, ratio, rounds } = await benchSsh();
  yield `ours      ${show(ours)}`;
  yield `OpenSSH   ${show(openssh)}`;
  yield `ratio     ${atMost(ratio, 0.25)}, ${rounds} rounds`;
}

async function* snapshot() {
  yield "Full process-and-socket snapshot of the host in the worker thread, against ss -tlnpH and ps -eo pid,ppid,lstart,args";
  for (const [extraProcesses, most] of [
    [300, 40],
    [3000, 12],
  ] as const) {
    const bench = await benchSnapshot({ extraProcesses, rounds: most });
    yield `on ${bench.processes} processes, and ${bench.listeners} listeners in ${bench.networks} networks (ss sees one), in turns`;
    yield `  ours      ${show(bench.node)}`;
    yield `  ss + ps   ${show(bench.ssPs)}`;
    yield `  ratio     ${atMost(bench.ratio, 1)}, ${bench.rounds} rounds`;
    yield `  longest delay of the daemon's event loop meanwhile ${bench.loopDelayMaxMs.toFixed(1)} ms; idle, the same machine shows ${bench.loopDelayIdleMs.toFixed(1)} ms`;
  }
}

async function* trial() {
  yield "Whole trials with an instantaneous brain, several at a time; observe holds the challenges and a window of 1 s";
  for (const { scenario, trials, total, phases } of await benchTrials()) {
    yield `${scenario}, ${trials} trials`;
    yield `  whole     ${show(total)}`;
    for (const { phase, share, ms } of phases)
      yield `  ${phase.padEnd(9)} ${(share * 100).toFixed(1).padStart(5)} % of the trial, ${show(ms)}`;
  }
}

async function* digest() {
  yield "Digest of weights in the page cache, ours in shards of 64 MiB, against openssl dgst -sha256 and b3sum on one thread, in turns";
  const { bytes, rounds, ways, ratio, ratioOneThread } = await benchDigest();
  for (const { name, ms } of ways)
    yield `${name.padEnd(16)} ${show(ms)}, ${(bytes / 1e6 / ms.median).toFixed(2)} GB/s`;
  if (!ways.some(({ name }) => name === "b3sum")) yield "b3sum            not installed here: not compared";
  yield `openssl / ours   ${ratio.toFixed(2)} on two threads (goal: at least 1.6; ${met(ratio >= 1.6)}), ${ratioOneThread.toFixed(2)} on one; ${(bytes / 1_048_576).toFixed(0)} MiB, ${rounds} rounds`;
}

async function* listener() {
  yield "From listen() in a cell until its record is on the journal's disk, ours against ss -tlnH in a loop, over the same listeners";
  const { ours, ss, ratio, rounds, pauseMs, costs } = await benchListener();
  yield `ours      ${show(ours)}, 95th percentile ${ours.p95.toFixed(0)} ms (goal: under 250; ${met(ours.p95 < 250)})`;
  yield `ss        ${show(ss)}, pauses of ${pauseMs} ms as ours has`;
  yield `ratio     ${ratio.toFixed(2)} of the 95th percentiles, ${rounds} rounds`;
  for (const { sockets, lookCpuMs, glanceCpuMs } of costs)
    yield `CPU time at ${sockets} listeners: ${lookCpuMs.toFixed(2)} ms a look, ${glanceCpuMs.toFixed(2)} ms a glance`;
}

async function* challenge() {
  const silences = SILENCES_MS.map(seconds).join(" and ");
  yield "The challenges, from the end of the run to the last record of a test, strict, default windows";
  yield `floor     ${seconds(FLOOR_MS)}: the window, from the first answers on; the tests and their silences (${silences}) are inside of it`;
  for (const bench of await benchChallenge()) {
    const { scenario, trials, confirmed, withoutHashing, tasks, tasksDone } = bench;
    yield `${scenario}, ${trials} trials, strict confirmed ${confirmed}`;
    yield `  whole         ${show(bench.total)}`;
    yield `  less files    ${show(withoutHashing)} (goal: median under 10 s; ${met(withoutHashing.median < 10_000)}), ${(withoutHashing.median / FLOOR_MS).toFixed(2)} of the floor`;
    for (const { step, ms } of bench.steps) yield `  ${step.padEnd(13)} ${show(ms)}`;
    yield `  of ${tasks} tasks ${tasksDone} were done: a copy without a brain refuses them at once`;
    for (const text of bench.untested) yield `  not tested: ${text}`;
  }
}

async function* cell() {
  yield "Until SSH can be spoken to a contained sshd, in turns: bare bubblewrap, the first issue's view, a cell as built for an attempt";
  const { bare, bareSshd, first, ours, ratio, rounds } = await benchCell();
  const times = (ms: number) => `${(ms / bareSshd.median).toFixed(2)} of bare bwrap + sshd`;
  yield `bwrap --unshare-all true    ${show(bare)}, ${times(bare.median)}`;
  yield `bare bwrap + sshd           ${show(bareSshd)}, keys and configuration made before`;
  yield `first issue's view + sshd   ${show(first)}, ${times(first.median)}; no init, limits, filter, guard, link`;
  yield `cell with everything        ${show(ours)}; files, keys, link, guard, limits and init are in it`;
  yield `ratio                       ${atMost(ratio, 3)}, ${rounds} rounds`;
}

export const SECTIONS: Readonly<Record<SectionName, Section>> = {
  ssh,
  snapshot,
  dispatch: dispatchLines,
  trial,
  digest,
  listener,
  challenge,
  cell,
  loop: () => loopLines("whole"),
  failover: failoverLines,
  placement: placementLines,
};
