import { z } from "zod";
import type { deviceSchema, nodeIdSchema } from "../ids.ts";
import { processKeySchema, snapshotSchema, listenerRowSchema, processRowSchema } from "./process-row.ts";
import { probeSchema } from "./probe.ts";

/** What the agent or its run says; counts for nothing by itself. */
const claimedBody = z.strictObject({ text: z.string().max(4096) });
/** Cell contents before the agent's first turn; `original` are the processes the harness itself started. */
const baselineBody = z.strictObject({ snapshot: snapshotSchema, original: z.array(processKeySchema) });
/** A change of the cell's listeners seen by the cheap sweep during the run. */
const sweepBody = z.strictObject({ appeared: z.array(listenerRowSchema), gone: z.array(listenerRowSchema) });
/** Full picture; `settling`: a look while something new may still come up; `after-run`: the agent's own SSH session is closed and its processes are ended. */
const snapshotBody = z.strictObject({
  moment: z.enum(["settling", "after-run", "end-of-window"]),
  snapshot: snapshotSchema,
});
/** Answers of one candidate listener to fresh nonces. */
const probesBody = z.strictObject({
  moment: z.enum(["settling", "after-run", "end-of-window"]),
  probes: z.array(probeSchema),
});
/** The agent's sessions are closed and (local-copy) the original's agent loop is ended. */
const sessionsClosedBody = z.strictObject({ sessions: z.int(), survivors: z.array(processRowSchema) });
/** A test that should have run and did not. */
const untestedBody = z.strictObject({ claim: z.string(), why: z.string().max(500) });
/** Packets of the cell that the guard on the host side dropped. */
const dropsBody = z.strictObject({ packets: z.int(), bytes: z.int() });

/** One recorded fact of an attempt. Who saw it, when and where in the chain stands around it. */
export const observationBodySchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("claimed"), ...claimedBody.shape }),
  z.strictObject({ kind: z.literal("baseline"), ...baselineBody.shape }),
  z.strictObject({ kind: z.literal("sweep"), ...sweepBody.shape }),
  z.strictObject({ kind: z.literal("snapshot"), ...snapshotBody.shape }),
  z.strictObject({ kind: z.literal("probes"), ...probesBody.shape }),
  z.strictObject({ kind: z.literal("sessions-closed"), ...sessionsClosedBody.shape }),
  z.strictObject({ kind: z.literal("untested"), ...untestedBody.shape }),
  z.strictObject({ kind: z.literal("drops"), ...dropsBody.shape }),
]);
export type ObservationBody = z.infer<typeof observationBodySchema>;

/** An observation with its place in the evidence: `<node>#<seq>` finds its record in that node's chain. */
export interface Observation {
  readonly node: z.infer<typeof nodeIdSchema>;
  readonly seq: number;
  readonly at: string;
  readonly device: z.infer<typeof deviceSchema>;
  readonly body: ObservationBody;
}
