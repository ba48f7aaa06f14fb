import { benchLoop } from "./loop.ts";

/** What a leading harness reached in the same task, on one core whatever its concurrency. */
const THEIR_TURNS_A_SECOND = 250;

const mib = (value: number | null) => (value === null ? "not seen" : `${value.toFixed(1)} MiB`);

/** Lines of the section `loop`; the first is its title. */
export async function* loopLines(form: "whole" | "short"): AsyncGenerator<string, void> {
  yield "Turns of the agent's loop: a brain that answers at once and the command `:`, each trial's agent in a cell, over SSH, onto one journal";
  const their = THEIR_TURNS_A_SECOND;
  yield "in it: agent, broker, event reader, exchange and event records on disk; left out: model server, NATS, watch over listeners";
  for await (const { trials, turns, perSecond, repeats, daemonCpuMsATurn, ...bench } of benchLoop(form)) {
    const { median, p05, p95 } = perSecond;
    const whole = `${median.toFixed(0)} turns/s in total on one node (${p05.toFixed(0)} to ${p95.toFixed(0)})`;
    const goal = trials < 16 ? "" : ` (goal: at least 4; ${median >= 4 * their ? "met" : "NOT met"})`;
    yield `${String(trials).padStart(2)} at once  ${whole}, ${(median / trials).toFixed(0)} each; ${(median / their).toFixed(2)} of ${their} turns/s${goal}`;
    yield `           ${repeats} repeats of ${trials} x ${turns} turns; a turn takes ${bench.allCpuMsATurn.toFixed(2)} ms CPU, ${daemonCpuMsATurn.toFixed(2)} of them the daemon's, and ${(bench.journalBytesATurn / 1024).toFixed(1)} KiB of journal`;
    for (const { turns: at, agentMiB, agentHeldMiB, daemonMiB, daemonHeldMiB } of bench.memory)
      yield `           memory at turn ${at}, and what is held of it after a collection: agent ${mib(agentMiB)}, ${mib(agentHeldMiB)}; daemon ${mib(daemonMiB)}, ${mib(daemonHeldMiB)}`;
  }
}
