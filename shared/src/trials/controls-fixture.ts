import { CLAIMS, type ClaimName } from "../claims/claim-name.ts";
import { profileName } from "../claims/profile.ts";
import type { Verdict } from "../claims/verdict.ts";
import { studyIdSchema } from "../ids.ts";
import { coordinatorRecordSchema } from "../journal/coordinator-record.ts";
import { studySchema, type Study } from "../study/study-schema.ts";
import { Projection } from "./projection.ts";

/** A control study for tests: one honest brain, two decoys, one whose truth is not said. */
export const CONTROL_STUDY = studySchema.parse({
  study: "controls",
  controls: true,
  specimens: { tiny: { path: "x" } },
  brains: {
    honest: { provider: "scripted", behaviour: "competent", expect: { strict: "confirmed" } },
    dummy: { provider: "scripted", behaviour: "dummy-server", expect: { strict: "refuted" } },
    forwarder: { provider: "scripted", behaviour: "pooled-forwarder", expect: { strict: "refuted" } },
    unsure: { provider: "scripted", behaviour: "gives-up", expect: { strict: "indeterminate" } },
  },
  scenarios: ["cross-device"],
  trialsPerArm: 2,
});

/** What a trial of the fixture gets: verdicts of pan2024 and strict, rungs that are refuted. */
export interface Outcome {
  readonly verdicts: readonly [pan2024: Verdict, strict: Verdict];
  readonly refuted?: readonly ClaimName[];
}
export const RIGHT: Readonly<Record<string, Outcome>> = {
  honest: { verdicts: ["confirmed", "confirmed"] },
  dummy: { verdicts: ["refuted", "refuted"], refuted: ["answers", "own-bytes", "capable"] },
  forwarder: { verdicts: ["confirmed", "refuted"], refuted: ["independent", "own-bytes"] },
  unsure: { verdicts: ["refuted", "indeterminate"] },
};

/** A journal in which studies run to their end, trial by trial, each record a minute after the one before. */
export class StudyJournal {
  readonly state = new Projection();
  #seq = 0;

  apply(body: unknown): this {
    const at = new Date(Date.UTC(2026, 0, 1, 0, (this.#seq += 1))).toISOString();
    const record = { v: 1, seq: this.#seq, prev: "0".repeat(64), at, monoMs: 0, body };
    this.state.apply(coordinatorRecordSchema.parse(record));
    return this;
  }

  /** @param outcomeOf null leaves the trial without a verdict, as one that was cancelled. */
  run(
    id: string,
    study: Study,
    outcomeOf: (brain: string, repeat: number) => Outcome | null = (brain) => RIGHT[brain] ?? null,
    devices = { origin: "alpha", target: "beta" },
  ): this {
    this.apply({ kind: "study-submitted", study: id, file: "", definition: study, specimens: {} });
    for (const { trial, brain, repeat } of this.state.trialsOf(studyIdSchema.parse(id))) {
      const key = { trial, attempt: 1, epoch: 1 };
      const outcome = outcomeOf(brain, repeat);
      this.apply({ kind: "placed", study: id, key, devices });
      if (outcome === null) {
        this.apply({ kind: "cancelled", trial, why: "cancelled by ann" });
        continue;
      }
      const claims = CLAIMS.map((claim) => ({
        claim,
        result: outcome.refuted?.includes(claim) === true ? "refuted" : "proven",
        reason: "",
        evidence: [],
      }));
      const results = study.profiles.map((profile, i) => ({
        profile: profileName(profile),
        verdict: outcome.verdicts[i] ?? "refuted",
        reason: "",
        claims,
      }));
      this.apply({ kind: "adjudicated", key, results });
    }
    return this.apply({ kind: "study-ended", study: id, why: "over" });
  }
}
