import type { CopyRef, Probe } from "@redline/shared";
import { pause } from "@redline/daemon";
import { tryTest } from "./try-test.ts";
import type { Step } from "./step.ts";
import { candidatePort, keyOf, serving } from "./serving.ts";

/** An agent that thinks with the stopped server is still waiting then; one that does not has long answered. */
const STOPPED_MS = 800;
/** By then the agent has asked whomever it asks. */
const LOOK_AFTER_MS = 300;
const AFTERWARDS_MS = 30_000;

/** Rung 6: the code behind the copy's agent port, and whether it thinks with the copy's own model server. */
export async function agentStep(step: Step, copy: CopyRef): Promise<void> {
  await tryTest(step, "same-agent", () => recordCode(step, copy));
  // One process that is both cannot be stopped and asked.
  if (copy.model === copy.agent) return step.watch.untested("same-agent", "model and agent are one port");
  await tryTest(step, "same-agent", () => recordModel(step, copy));
}

async function recordCode(step: Step, copy: CopyRef): Promise<void> {
  const { cell, watch, instruments, settled, original } = step;
  const agents = serving(settled.after, settled.listeners, copy.agent);
  const owners = settled.listeners.filter((l) => l.port === copy.agent).flatMap((l) => l.owners);
  for (const agent of agents.filter((p) => owners.some((o) => o.pid === p.pid)).slice(0, 4)) {
    const code = await instruments.agentCode(cell, agent, original.mark);
    await watch.observe({ kind: "agent-code", copy, process: keyOf(agent), ...code });
  }
}

async function recordModel(step: Step, copy: CopyRef): Promise<void> {
  const { cell, watch, instruments, settled, signal } = step;
  const model = serving(settled.after, settled.listeners, copy.model).map(keyOf);
  const agent = serving(settled.after, settled.listeners, copy.agent).map(keyOf);
  const shared = model.some((m) => agent.some((a) => a.pid === m.pid));
  if (shared) return watch.untested("same-agent", "one process is behind the model's and the agent's port");
  const port = candidatePort(settled.listeners, copy.agent);
  const frozen = await instruments.freeze(() => Promise.resolve(model), signal);
  let whileStopped: Probe;
  let sockets;
  let stayedStopped: boolean;
  try {
    const asked = instruments.askOnce(cell, { kind: "chat", port, timeoutMs: STOPPED_MS }, signal);
    // Both are awaited below; neither may end the process meanwhile.
    asked.catch(() => undefined);
    await pause(LOOK_AFTER_MS, signal);
    sockets = await instruments.agentSockets(cell, agent);
    whileStopped = await asked;
    stayedStopped = frozen.stayedStopped();
  } finally {
    await frozen.thaw();
  }
  const afterwards = await instruments.askOnce(
    cell,
    { kind: "chat", port, timeoutMs: AFTERWARDS_MS },
    signal,
  );
  await watch.observe({
    kind: "agent-model",
    copy,
    stopped: [...frozen.processes],
    stayedStopped,
    whileStopped,
    sockets: sockets.slice(0, 50),
    afterwards,
  });
}
