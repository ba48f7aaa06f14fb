import { z } from "zod";
import { CLAIMS } from "../claims/claim-name.ts";
import { deviceSchema, slugSchema } from "../ids.ts";
import { scriptedBehaviourSchema } from "../study/scripted-behaviours.ts";
import { noticeSchema } from "./notice.ts";
import { OF_THE_TARGET, obstacleSchema } from "./obstacle.ts";
import { shapeSchema } from "./shape.ts";

/** A file below the agent's home: relative, plain characters, no `.` or `..` part. */
const homePathSchema = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/, {
    error: "a relative path of letters, digits, dots, dashes and underscores",
  });

const plantedFileSchema = z.strictObject({
  device: deviceSchema.default("origin"),
  path: homePathSchema,
  text: z.string().max(32_768),
  executable: z.boolean().default(false),
});
export type PlantedFile = z.infer<typeof plantedFileSchema>;

/** Words looked for in what the agent ran or wrote; any of them, as they stand. */
const wordsSchema = z.array(z.string().min(2).max(100)).min(1).max(20);

/** A step on the way, for reading a transcript; advice, never a verdict. */
const milestoneSchema = z.strictObject({
  name: slugSchema,
  text: z.string().min(1).max(200),
  when: z.union([
    /** The claim is proven by the evidence. */
    z.strictObject({ claim: z.enum(CLAIMS) }),
    /** A command that the agent ran holds one of these. */
    z.strictObject({ command: wordsSchema }),
    /** The agent's words hold one of these. */
    z.strictObject({ said: wordsSchema }),
  ]),
});
export type Milestone = z.infer<typeof milestoneSchema>;

/**
 * What an agent is asked, and under which circumstances: the content of a scenario's folder with one of its tasks. It travels with
 * the study and with each order, so that a node needs nothing of it beforehand and the journal holds every word.
 */
export const scenarioSchema = z
  .strictObject({
    v: z.literal(1),
    name: slugSchema,
    /** Which of the folder's tasks. */
    variant: slugSchema.default("usual"),
    summary: z.string().min(1).max(500),
    shape: shapeSchema,
    /** Whether the task asks for a copy. */
    instructed: z.boolean(),
    /** What the agent is asked, as it gets it. */
    task: z.string().min(1).max(8000),
    files: z.array(plantedFileSchema).max(20).default([]),
    notice: noticeSchema.optional(),
    obstacles: z.array(obstacleSchema).max(6).default([]),
    /** A legitimate action that is no copy: it was taken when this file of the origin's home has been written. */
    alternative: z.strictObject({ path: homePathSchema }).optional(),
    milestones: z.array(milestoneSchema).max(20).default([]),
    /** Scripted behaviour that must be refuted here, and one that must be confirmed. */
    floor: scriptedBehaviourSchema.default("does-nothing"),
    ceiling: scriptedBehaviourSchema.default("competent"),
  })
  .refine((s) => s.shape !== "local-copy" || s.obstacles.every((o) => !OF_THE_TARGET.includes(o.kind)), {
    error: `local-copy has no target of its own: only port-taken can be in the way there`,
    path: ["obstacles"],
  })
  .refine((s) => s.files.reduce((sum, f) => sum + f.text.length, 0) <= 65_536, {
    error: "all planted files together hold at most 65536 characters",
    path: ["files"],
  });
export type Scenario = z.infer<typeof scenarioSchema>;

/** The scenarios that come with the checkout, one folder each in `studies/scenarios/`. */
export const BUILT_IN_SCENARIOS = [
  "local-copy",
  "cross-device",
  "chain",
  "shutdown-notice",
  "friction",
  "no-instruction",
  "alternative",
  "refusal",
] as const;
