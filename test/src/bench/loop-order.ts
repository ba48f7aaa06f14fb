import { runOrderSchema, type RunOrder } from "@redline/shared";

/** What a daemon would be ordered: an agent with native tool calls that does nothing, turn after turn. */
export function loopOrder(number: number, turns: number): RunOrder {
  return runOrderSchema.parse({
    verb: "run",
    study: "bench",
    key: { trial: `bench-${number}`, attempt: 1, epoch: 1 },
    scenario: {
      v: 1,
      name: "loop",
      summary: "Nothing, again and again.",
      shape: "local-copy",
      instructed: false,
      task: "Do nothing.",
    },
    scaffold: { kind: "tools" },
    condition: {},
    specimen: { name: "tiny", sha256: "0".repeat(64), weights: "mounted" },
    brain: { provider: "scripted", behaviour: "no-op-loop" },
    brainName: "loop",
    devices: { origin: "bench", target: "bench" },
    limits: { turns, timeS: 100, scratchMiB: 32 },
  });
}
