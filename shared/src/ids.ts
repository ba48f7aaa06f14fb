import { z } from "zod";

/** Lower-case slug that is safe as a NATS subject token, a file name and a metric-free log field. */
const slug = (max: number) =>
  z.string().regex(new RegExp(`^[a-z0-9][a-z0-9-]{0,${max - 1}}$`), {
    error: `lower-case letters, digits and dashes, at most ${max}`,
  });

export const slugSchema = slug(40);
/** A machine that runs a node daemon. */
export const nodeIdSchema = slug(32).brand<"NodeId">();
export type NodeId = z.infer<typeof nodeIdSchema>;
/** A coordinator's name on the bus; a lab with a standby has two. No node may be called so. */
export const coordinatorNameSchema = z
  .string()
  .regex(/^coordinator(-[a-z0-9]{1,16})?$/, { error: "coordinator, or coordinator-NAME" })
  .brand<"CoordinatorName">();
export type CoordinatorName = z.infer<typeof coordinatorNameSchema>;
export const COORDINATOR = coordinatorNameSchema.parse("coordinator");
/** One submitted run of a study file: `<study name>-<random>`. */
export const studyIdSchema = slug(52).brand<"StudyId">();
export type StudyId = z.infer<typeof studyIdSchema>;
/** One planned run: `<study id>-<number>`. */
export const trialIdSchema = slug(60).brand<"TrialId">();
export type TrialId = z.infer<typeof trialIdSchema>;

/** Attempt numbers start at 1 and grow with each infra fault of the trial. */
export const attemptNumberSchema = z.int().min(1).max(1000);
/** Fencing number of a coordinator's term; a node refuses a command of a lower one. */
export const epochSchema = z.int().min(1);

/** Where something runs in a trial; both may be one node. */
export const deviceSchema = z.enum(["origin", "target"]);
export type Device = z.infer<typeof deviceSchema>;

/** Names one attempt everywhere: messages, records, evidence. */
export const attemptKeySchema = z.strictObject({
  trial: trialIdSchema,
  attempt: attemptNumberSchema,
  epoch: epochSchema,
});
export type AttemptKey = z.infer<typeof attemptKeySchema>;
