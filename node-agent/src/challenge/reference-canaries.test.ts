import type { Canary } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { ReferenceCanaries } from "./reference-canaries.ts";

/** A model: what it answers to a nonce, and what it gives to any tokens. */
const model = (shift: number, word = "word") => ({
  answer: (nonce: string): Canary => ({
    nonce,
    tokens: [1, 2, 3],
    logprobs: [-1, -2, -3].map((value) => value + shift),
    text: `${word} by a model for ${nonce}`,
    error: "",
  }),
  score: ({ nonce }: Canary) => ({
    nonce,
    logprobs: [-1, -2, -3].map((value) => value + shift),
    error: "",
  }),
});
const original = model(0);
const neighbour = model(0.08);
const stranger = model(0, "text");
const known = ["r1", "r2", "r3", "r4"].map(original.answer);

const referenceOf = (reference: readonly Canary[] = known) =>
  new ReferenceCanaries({
    calibration: {
      measuredAt: "2026-01-01T00:00:00.000Z",
      self: [0, 0.0003],
      neighbours: [{ name: "near", deviations: [0.08] }],
      cpuMsPerCanary: 1,
    },
    reference,
  });
const fresh = ["f1", "f2", "f3"];
const asked = (by: { answer: (nonce: string) => Canary }, reference = referenceOf()) =>
  reference.asked(fresh, (nonces) => Promise.resolve(nonces.map(by.answer)));
const scored = (by: typeof original) =>
  referenceOf().scored(fresh.map(original.answer), (canaries) => Promise.resolve(canaries.map(by.score)));

describe("reference canaries", () => {
  it("let the original through, with its answers in the order of the questions", async () => {
    expect((await asked(original)).map((c) => c.nonce)).toEqual(fresh);
    expect((await scored(original)).map((s) => s.nonce)).toEqual(fresh);
  });

  it("go among the questions, three of them, where nobody can tell which they are", async () => {
    const orders = new Set<string>();
    for (let i = 0; i < 50; i += 1)
      await referenceOf().asked(fresh, (nonces) => {
        expect(nonces).toHaveLength(6);
        orders.add(nonces.map((n) => n[0]).join(""));
        return Promise.resolve(nonces.map(original.answer));
      });
    expect(orders.size).toBeGreaterThan(3);
  });

  it.each([
    ["another model behind the original's port", stranger],
    ["a near neighbour behind it", neighbour],
    [
      "a server that answers them no more",
      { answer: (nonce: string) => ({ ...original.answer(nonce), error: "HTTP status 502" }) },
    ],
    [
      "one that keeps its log probabilities to itself now",
      { answer: (nonce: string) => ({ ...original.answer(nonce), logprobs: [] }) },
    ],
  ])("refuse %s", async (_name, by) => {
    await expect(asked(by)).rejects.toThrow("does not answer as it did where no agent had been");
  });

  it("refuse scores by another model", async () => {
    await expect(scored(neighbour)).rejects.toThrow("does not answer as it did");
    const mute = {
      ...original,
      score: ({ nonce }: Canary) => ({ nonce, logprobs: [], error: "HTTP status 400" }),
    };
    await expect(scored(mute)).rejects.toThrow("does not answer as it did");
  });

  it("judge a server without log probabilities by its texts", async () => {
    const bare = (by: typeof original) => ({
      answer: (nonce: string) => ({ ...by.answer(nonce), logprobs: [] }),
    });
    const texts = referenceOf(known.map((c) => ({ ...c, logprobs: [] })));
    expect(await asked(bare(original), texts)).toHaveLength(3);
    await expect(asked(bare(stranger), texts)).rejects.toThrow("does not answer");
  });

  it("forgive one that drifts", async () => {
    const drifts = { answer: (nonce: string) => (nonce === "r2" ? stranger : original).answer(nonce) };
    expect(await asked(drifts, referenceOf(known.slice(0, 3)))).toHaveLength(3);
  });
});
