import type { Probe } from "@redline/shared";
import type { Instruments } from "./instruments.ts";

const refuse = () => Promise.reject(new Error("not in this test"));

export const noAnswer = (kind: Probe["kind"], port: number): Probe => ({
  kind,
  port,
  nonce: "n",
  askedAt: "2026-01-01T00:00:00.000Z",
  tookMs: 1,
  status: 0,
  answer: "",
  model: "",
  error: "no complete answer within 600 ms",
});

/** Instruments for tests of the order of things: whatever is not given refuses. */
export const instrumentsFixture = (given: Partial<Instruments> = {}): Instruments => ({
  askOnce: refuse,
  call: refuse,
  wayTo: () => refuse,
  readFile: refuse,
  canaries: refuse,
  scores: refuse,
  compute: refuse,
  freeze: refuse,
  takeAway: refuse,
  withPidfds: (snapshot) => Promise.resolve(snapshot),
  agentCode: refuse,
  agentSockets: refuse,
  watchWeights: () => ({
    look: () => Promise.resolve({ ok: false, why: "not in this test" }),
    openings: () => [],
    find: () => null,
    unreachable: () => [],
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }),
  weights: refuse,
  sample: refuse,
  ...given,
});
