import { attemptKeySchema } from "@redline/shared";
import { expect, it } from "vitest";
import { AttemptCancelled, AttemptFault } from "../attempts/attempt-fault.ts";
import { OverParts, whyEnded } from "./over-parts.ts";

const key = (number: number) => attemptKeySchema.parse({ trial: `s-1-${number}`, attempt: 1, epoch: 1 });

it("keeps how the last thousand parts ended", () => {
  const over = new OverParts();
  expect(over.endOf(key(0))).toBeNull();
  for (let i = 0; i <= 1000; i++) over.note(key(i), { fault: "cell-died", why: `${i}` });
  expect(over.endOf(key(0))).toBeNull();
  expect(over.endOf(key(1))).toEqual({ fault: "cell-died", why: "1" });
  expect(over.endOf(key(1000))?.why).toBe("1000");
});

it("knows an end that was asked for from one that was not", () => {
  const silent = new AttemptFault("coordinator-silent", "no pulse");
  expect(whyEnded(silent, false)).toEqual({ fault: "coordinator-silent", why: "no pulse" });
  expect(whyEnded(new AttemptCancelled("cancelled by ann"), false)).toEqual({
    fault: null,
    why: "cancelled by ann",
  });
  expect(whyEnded(new AttemptCancelled("the daemon ends"), true).fault).toBe("node-draining");
  // What nobody planned for is no cancel.
  expect(whyEnded(new Error("x".repeat(900)), false)).toEqual({ fault: "unexpected", why: "x".repeat(500) });
});
