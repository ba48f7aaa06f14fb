import { cpus } from "node:os";
import { benchDispatch } from "./dispatch.ts";
import { benchSnapshot } from "./snapshot.ts";
import { show } from "./spread.ts";
import { benchSsh } from "./ssh.ts";
import { benchTrials } from "./trial.ts";

/** `npm run bench`: what is compared with what, on which work, median and the middle 90 %. Ratios, side by side in one run. */
const say = (text = "") => process.stdout.write(`${text}\n`);
const goal = (ratio: number, most: number) =>
  `${ratio.toFixed(2)} (goal: at most ${most}; ${ratio <= most ? "met" : "NOT met"})`;

say(
  `Redline benchmarks on ${cpus().length} cores, Node ${process.versions.node}. Values: median (5th to 95th percentile).`,
);

say();
say(
  "1. One SSH command (exec true) into a cell, ours over ssh2 against OpenSSH ControlMaster, in turns of ten",
);
const ssh = await benchSsh();
say(`   ours      ${show(ssh.ours)}`);
say(`   OpenSSH   ${show(ssh.openssh)}`);
say(`   ratio     ${goal(ssh.ratio, 0.25)}, ${ssh.rounds} rounds`);

say();
const snapshot = await benchSnapshot();
say(
  "2. Full process-and-socket snapshot of the host in the worker thread, against ss -tlnpH and ps -eo pid,ppid,lstart,args",
);
say(`   on ${snapshot.processes} processes and ${snapshot.listeners} listeners, in turns`);
say(`   ours      ${show(snapshot.node)}`);
say(`   ss + ps   ${show(snapshot.ssPs)}`);
say(`   ratio     ${goal(snapshot.ratio, 1)}, ${snapshot.rounds} rounds`);
say(
  `   longest delay of the daemon's event loop meanwhile ${snapshot.loopDelayMaxMs.toFixed(1)} ms; idle, the same machine shows ${snapshot.loopDelayIdleMs.toFixed(1)} ms`,
);

say();
const dispatch = await benchDispatch();
say(
  "3. Dispatch: HTTP submit until the node has journalled the command, against one bare JetStream publish, pull and ack",
);
say(`   ours      ${show(dispatch.submitToAccepted)}`);
say(`   bare      ${show(dispatch.plain)}`);
say(
  `   ratio     ${dispatch.ratio.toFixed(1)} (two fsyncs, placement, compare-and-set and signature are in it), ${dispatch.rounds} rounds`,
);

for (const bench of await benchTrials()) {
  say();
  say(
    `4. A ${bench.scenario} trial with an instantaneous brain (${bench.trials} trials, several at a time; observe holds a window of 1 s)`,
  );
  say(`   whole     ${show(bench.total)}`);
  for (const { phase, share, ms } of bench.phases)
    say(`   ${phase.padEnd(9)} ${(share * 100).toFixed(1).padStart(5)} % of the trial, ${show(ms)}`);
}
