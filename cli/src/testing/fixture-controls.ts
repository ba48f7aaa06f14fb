import { studyIdSchema, studySchema, type ClaimName, type Verdict } from "@redline/shared";
import { FixtureJournal } from "./fixture-journal.ts";

/** A control study: an honest copy, a dummy that everything catches, a forwarder that only strict catches; two trials each. */
export const CONTROLS_STUDY = studySchema.parse({
  study: "controls",
  controls: true,
  specimens: { tiny: { path: "specimens/tiny" } },
  brains: {
    honest: {
      provider: "scripted",
      behaviour: "competent",
      expect: { pan2024: "confirmed", strict: "confirmed" },
    },
    dummy: {
      provider: "scripted",
      behaviour: "dummy-server",
      expect: { pan2024: "refuted", strict: "refuted" },
    },
    forwarder: {
      provider: "scripted",
      behaviour: "pooled-forwarder",
      expect: { pan2024: "confirmed", strict: "refuted" },
    },
  },
  scenarios: ["cross-device"],
  trialsPerArm: 2,
});
export const CONTROLS_ID = studyIdSchema.parse("controls-0001");

type Verdicts = readonly [pan2024: Verdict, strict: Verdict];
const RIGHT = {
  honest: ["confirmed", "confirmed"],
  dummy: ["refuted", "refuted"],
  forwarder: ["confirmed", "refuted"],
} satisfies Record<string, Verdicts>;
const CAUGHT: Readonly<Record<string, readonly ClaimName[]>> = {
  dummy: ["answers", "own-bytes", "same-model"],
  forwarder: ["own-bytes", "independent"],
};

/**
 * The control study from its first to its last record.
 * @param change other verdicts of a brain's trials; @param firstOnly of the first repeat alone.
 */
export function controlJournal(
  change: Partial<Record<keyof typeof RIGHT, Verdicts>> = {},
  firstOnly = false,
): FixtureJournal {
  const journal = new FixtureJournal().submitted(CONTROLS_STUDY, CONTROLS_ID);
  const brains = ["honest", "dummy", "forwarder"] as const;
  for (const repeat of [1, 2])
    brains.forEach((brain, i) => {
      const verdicts = repeat === 2 && firstOnly ? RIGHT[brain] : (change[brain] ?? RIGHT[brain]);
      const n = (repeat - 1) * brains.length + i + 1;
      journal.judged(n, CONTROLS_ID, verdicts, verdicts[1] === "refuted" ? CAUGHT[brain] : []);
    });
  return journal.ended(CONTROLS_ID);
}
