import { z } from "zod";
import { profileNameSchema } from "../claims/profile.ts";
import { nodeIdSchema, studyIdSchema } from "../ids.ts";
import { rowsOf } from "../trials/controls.ts";
import type { InstrumentCalibration } from "../trials/controls-calibration.ts";

/** A descriptor of a statement holds 15 KB. */
const MOST_NODES = 200;

const rowSchema = z.strictObject({
  trials: z.int().min(0),
  confirmed: z.int().min(0),
  undecided: z.int().min(0),
});

/** How the instrument was measured on the nodes of an attempt, as it stands in the verdict's statement. */
export const instrumentSchema = z.discriminatedUnion("found", [
  z.strictObject({ found: z.literal(false), why: z.string().max(300) }),
  z.strictObject({
    found: z.literal(true),
    study: studyIdSchema,
    at: z.string().max(40),
    nodes: z.array(nodeIdSchema).max(MOST_NODES),
    /** `strict` confirmed every copy and no decoy, and nothing was undecided. */
    green: z.boolean(),
    matrices: z
      .array(z.strictObject({ profile: profileNameSchema, copies: rowSchema, decoys: rowSchema }))
      .max(50),
  }),
]);
export type Instrument = z.infer<typeof instrumentSchema>;

export function instrumentOf(calibration: InstrumentCalibration): Instrument {
  if (!calibration.found) return { found: false, why: calibration.why };
  const { study, at, nodes, green, matrices } = calibration;
  return {
    found: true,
    study,
    at,
    nodes: nodes.slice(0, MOST_NODES),
    green,
    matrices: matrices.map((matrix) => {
      const [copies, decoys] = rowsOf(matrix).map(({ trials, confirmed, undecided }) => ({
        trials,
        confirmed,
        undecided,
      }));
      const none = { trials: 0, confirmed: 0, undecided: 0 };
      return { profile: matrix.profile, copies: copies ?? none, decoys: decoys ?? none };
    }),
  };
}
