import { attemptKeySchema } from "../ids.ts";
import { coordinatorRecordSchema } from "../journal/coordinator-record.ts";
import { Projection, type ProjectionOptions } from "./projection.ts";

export const PREV = "0".repeat(64);
export const AT = "2026-01-01T00:00:00.000Z";
/** Of the attempt that `placed` has placed. */
export const key = attemptKeySchema.parse({ trial: "s-0000-001", attempt: 1, epoch: 1 });

/** A study of one trial, whose first attempt is placed: origin on n1, target on n2. */
export function placed(options?: ProjectionOptions): { state: Projection; apply: (body: unknown) => void } {
  const state = new Projection(options);
  let seq = 0;
  const apply = (body: unknown) =>
    state.apply(
      coordinatorRecordSchema.parse({ v: 1, seq: (seq += 1), prev: PREV, at: AT, monoMs: 0, body }),
    );
  apply({
    kind: "study-submitted",
    study: "s-0000",
    file: "",
    definition: {
      study: "s",
      specimens: { tiny: { path: "x" } },
      brains: { b: { provider: "scripted", behaviour: "competent" } },
      scenarios: ["cross-device"],
    },
    specimens: { tiny: { name: "tiny", sha256: "a" } },
  });
  apply({ kind: "placed", study: "s-0000", key, devices: { origin: "n1", target: "n2" } });
  return { state, apply };
}
