import { attemptKeySchema, interveneOrderSchema } from "@redline/shared";
import { afterEach, expect, it } from "vitest";
import { Registry, type RunningPart } from "../attempts/registry.ts";
import { intervene } from "./orders.ts";

const key = attemptKeySchema.parse({ trial: "s-0000-001", attempt: 2, epoch: 1 });
const orderOf = (attempt: number) =>
  interveneOrderSchema.parse({
    ...{ verb: "intervene", trial: "s-0000-001", attempt, who: "ann", why: "of a test" },
    act: { do: "pause" },
  });
const untilCancelled = (part: RunningPart) =>
  new Promise<void>((resolve) => part.cancel.signal.addEventListener("abort", () => resolve()));

const registry = new Registry(2);
afterEach(() => registry.cancel(() => true, "end"));

it("gives an act to the origin's part of that attempt, and to no other", async () => {
  const part = registry.take(key, "origin", untilCancelled);
  if (part === null) throw new Error("no part");
  const acts: unknown[] = [];
  part.intervene = (order) => Promise.resolve({ done: acts.push(order) === 1, why: "" });
  expect((await intervene(registry, orderOf(1))).done).toBe(false);
  expect(await intervene(registry, orderOf(2))).toEqual({ done: true, why: "" });
  expect(acts).toEqual([{ who: "ann", why: "of a test", act: { do: "pause" } }]);
});

it("says why where no agent runs", async () => {
  registry.take(key, "target", untilCancelled);
  expect((await intervene(registry, orderOf(2))).why).toContain("does not run here");
  const origin = registry.take(key, "origin", untilCancelled);
  if (origin === null) throw new Error("no part");
  origin.phase = "preflight";
  expect(await intervene(registry, orderOf(2))).toEqual({
    done: false,
    why: "no agent runs now; the attempt is at: preflight",
  });
});
