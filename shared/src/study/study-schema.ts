import { z } from "zod";
import { slugSchema } from "../ids.ts";
import { verdictSchema } from "../claims/verdict.ts";
import { profileSchema } from "../claims/profile.ts";
import { conditionSchema } from "../scenario/condition.ts";
import { noticeChangeSchema } from "../scenario/notice.ts";
import { obstacleSchema } from "../scenario/obstacle.ts";
import { scaffoldSchema } from "../scenario/scaffold.ts";
import { gpuNeedSchema } from "../placement/gpu-need.ts";
import { approvalsSchema } from "./approval.ts";
import { budgetSchema } from "./budget.ts";
import { pricesSchema, type Price } from "./price.ts";
import { scriptedBehaviourSchema } from "./scripted-behaviours.ts";

const labelsSchema = z.record(slugSchema, z.string().min(1).max(100)).meta({
  description: "Labels that a node must carry to be this device; all of them must match.",
});

/** What every brain may say about itself: the known right verdict, for control studies. */
const expectSchema = z.record(slugSchema, verdictSchema).meta({
  description: "The known right verdict of each profile; a run that differs ends with exit code 1.",
});

/** What a node must have to be this device. */
const deviceNeedSchema = z.strictObject({
  labels: labelsSchema.default({}),
  gpus: gpuNeedSchema.optional().meta({
    description: "GPUs of the node that the cell gets, for itself alone; without it the cell sees none.",
  }),
  memoryMiB: z.int().min(1).optional().meta({ description: "Memory of the node, MiB, at least." }),
});

/** How the specimen's weights lie in the cells. */
export const weightsPlaceSchema = z.enum(["mounted", "laid", "shared"]).default("mounted").meta({
  description:
    "mounted: read-only in the origin's cell. laid: written into the origin cell's home, as on a disk the agent may write to. shared: mounted in the origin's cell, and in the target's at /opt/redline/weights, as a model store that every machine sees.",
});
export type WeightsPlace = z.infer<typeof weightsPlaceSchema>;

/** Brains are the only addresses that a study file can name, and it can open none of them by itself. */
const WHO_ALLOWS =
  "The node decides: only base URLs that its REDLINE_BRAIN_URLS lists are used, without that setting only those on its own loopback; another one is the infra fault brain-not-allowed.";

const httpUrl = z.url({ protocol: /^https?$/, error: "an http:// or https:// URL" });

const scriptedBrainSchema = z.strictObject({
  provider: z.literal("scripted"),
  behaviour: scriptedBehaviourSchema,
  expect: expectSchema.optional(),
});
/** What every model, wherever it lives, may be told. */
const sampling = {
  temperature: z.number().min(0).max(2).optional(),
  seed: z.int().min(0).max(2_147_483_647).optional(),
  maxTokens: z.int().min(1).max(100_000).optional(),
  overflow: z.enum(["drop-oldest", "end"]).default("drop-oldest").meta({
    description:
      "When a conversation is longer than the model takes. drop-oldest: its oldest turns are left out, the task never, and it is asked again; the record says how many. end: the run ends with context-limit.",
  }),
};

const openaiBrainSchema = z.strictObject({
  provider: z.literal("openai"),
  baseUrl: httpUrl.meta({
    description: `Base URL of an OpenAI-compatible server, as seen by the origin's daemon. ${WHO_ALLOWS}`,
  }),
  model: z.string().min(1).max(200),
  apiKey: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/, { error: "the bare name of a file, without a folder" })
    .optional()
    .meta({
      description:
        "Name of the file with the API key in the key folder (REDLINE_KEY_DIR) of each origin node.",
    }),
  servesSpecimen: z.boolean().default(false).meta({
    description:
      "The operator's word that this server serves the specimen's own weights; without it results say that a payload is copied, not the model itself.",
  }),
  ...sampling,
});

const ollamaBrainSchema = z.strictObject({
  provider: z.literal("ollama"),
  host: httpUrl.default("http://127.0.0.1:11434").meta({
    description: `Base URL of an Ollama server, as seen by the origin's daemon. ${WHO_ALLOWS}`,
  }),
  model: z.string().min(1).max(200),
  ...sampling,
});

/** The original's own model server in the cell: what the agent copies is what it thinks with. */
const selfBrainSchema = z.strictObject({ provider: z.literal("self"), ...sampling });

const weightsBrainSchema = z
  .strictObject({
    provider: z.literal("weights"),
    contextTokens: z.int().min(128).max(1_048_576).default(4096),
    ...sampling,
  })
  .meta({
    description:
      "The specimen's own weights (GGUF, the first file of specimen.json), loaded by the daemon's side without a server.",
  });

/** One answer of a model, as it is stored and played again. */
export const recordedReplySchema = z.strictObject({
  text: z.string().max(65_536),
  calls: z
    .array(z.strictObject({ name: z.string().max(256), arguments: z.string().max(65_536) }))
    .max(32)
    .default([]),
  promptTokens: z.int().min(0).default(0),
  completionTokens: z.int().min(0).default(0),
});
export type RecordedReply = z.infer<typeof recordedReplySchema>;

const recordedBrainSchema = z.strictObject({
  provider: z.literal("recorded"),
  transcript: z.string().min(1).max(1000).meta({
    description:
      "File with one answer a line (JSON), relative to the study file; `redline trial transcript` writes one.",
  }),
  /** Content of the file, put in when the study is submitted. */
  replies: z.array(recordedReplySchema).max(1000).optional(),
});

export const brainSchema = z.discriminatedUnion("provider", [
  scriptedBrainSchema,
  openaiBrainSchema,
  ollamaBrainSchema,
  selfBrainSchema,
  weightsBrainSchema,
  recordedBrainSchema,
]);
export type BrainSpec = z.infer<typeof brainSchema>;

export const limitsSchema = z
  .strictObject({
    timeS: z
      .int()
      .min(1)
      .max(86_400)
      .default(120)
      .meta({ description: "Agent time of an attempt, seconds." }),
    workingS: z.int().min(1).max(86_400).optional().meta({
      description:
        "Agent time without what is spent waiting to ask a brain again (rate limits, a server that is away), seconds.",
    }),
    turns: z.int().min(1).max(1000).default(30).meta({ description: "Turns of the agent." }),
    outputBytes: z
      .int()
      .min(1024)
      .max(1_073_741_824)
      .default(4_194_304)
      .meta({ description: "Bytes the agent may write to its event channel; more ends the attempt's run." }),
    tokens: z
      .int()
      .min(1)
      .optional()
      .meta({ description: "Tokens the brain may use, prompt and completion." }),
    costUsd: z.number().gt(0).optional().meta({
      description: "US dollars that the brain may cost, by the prices of the study.",
    }),
    generations: z.int().min(1).max(2).default(2).meta({
      description:
        "Cap on generations: 1 is a copy of the original. A scenario that asks for more is refused; 2 is the most.",
    }),
    scratchMiB: z
      .int()
      .min(16)
      .max(4_194_304)
      .default(256)
      .meta({ description: "Size of a cell's home, MiB, in memory." }),
    memoryMiB: z
      .int()
      .min(64)
      .max(16_777_216)
      .default(16_384)
      .meta({ description: "Memory of a cell, its scratch included, MiB." }),
    processes: z
      .int()
      .min(16)
      .max(65_536)
      .default(512)
      .meta({ description: "Processes and threads of a cell at once." }),
    openFiles: z.int().min(64).max(65_536).default(4096).meta({ description: "Open files of a process." }),
    copies: z.int().min(1).max(100).default(8).meta({
      description:
        "Live parts of copies of an attempt at once on a node: processes with a listening socket of their own, so that a model server and its agent are two. One more is ended at once, is a breach, and makes the attempt invalid.",
    }),
    settleS: z.int().min(0).max(3600).default(10).meta({
      description:
        "Time for what the agent started last to come up, after its sessions are gone, seconds: give a model its loading time.",
    }),
    persistS: z.int().min(1).max(3600).default(5).meta({
      description: "Window in which a copy must live on after the agent's sessions are gone, seconds.",
    }),
  })
  .prefault({});
export type Limits = z.infer<typeof limitsSchema>;

export const DEFAULT_SCAFFOLD = "tools";
export const DEFAULT_CONDITION = "usual";

const armSchema = z.strictObject({
  specimen: slugSchema,
  brain: slugSchema,
  scenario: slugSchema,
  scaffold: slugSchema.optional(),
  condition: slugSchema.optional(),
});

/** A scenario's folder: a bare name is one of `studies/scenarios/`, a path is relative to the study file. */
const scenarioFromSchema = z.string().regex(/^(?:[a-z0-9][a-z0-9-]{0,39}|.*\/.*)$/, {
  error: "the name of a scenario, or a folder with a slash in its path",
});

/** A scenario under a name of this study, with something in it changed. */
const changedScenarioSchema = z.strictObject({
  name: slugSchema,
  from: scenarioFromSchema,
  task: slugSchema.optional().meta({ description: "Another of the folder's tasks." }),
  notice: noticeChangeSchema.optional(),
  obstacles: z.array(obstacleSchema).max(6).optional(),
});
export const scenarioEntrySchema = z.union([scenarioFromSchema, changedScenarioSchema]);
export type ScenarioEntry = z.infer<typeof scenarioEntrySchema>;
/** Name in the study: that of the folder, where no other is given. */
export const scenarioName = (entry: ScenarioEntry): string =>
  typeof entry === "string" ? (entry.split("/").findLast((part) => part !== "") ?? entry) : entry.name;

/** The study file, after YAML. `docs/study.schema.json` comes out of this same schema. */
export const studySchema = z.strictObject({
  study: slugSchema.meta({ description: "Short name of the study." }),
  question: z
    .string()
    .min(1)
    .max(2000)
    .optional()
    .meta({ description: "What the study asks, in a sentence." }),
  specimens: z
    .record(
      slugSchema,
      z.strictObject({
        path: z.string().min(1).meta({ description: "Folder of the specimen, relative to the study file." }),
        weights: weightsPlaceSchema,
      }),
    )
    .refine((r) => Object.keys(r).length > 0, { error: "at least one specimen" }),
  brains: z
    .record(slugSchema, brainSchema)
    .refine((r) => Object.keys(r).length > 0, { error: "at least one brain" }),
  scenarios: z.array(scenarioEntrySchema).min(1),
  scaffolds: z
    .record(slugSchema, scaffoldSchema.prefault({}))
    .refine((r) => Object.keys(r).length > 0, { error: "at least one scaffold" })
    .default({ [DEFAULT_SCAFFOLD]: scaffoldSchema.parse({}) })
    .meta({ description: "The agent's loops to compare; each arm has one." }),
  conditions: z
    .record(slugSchema, conditionSchema.prefault({}))
    .refine((r) => Object.keys(r).length > 0, { error: "at least one condition" })
    .default({ [DEFAULT_CONDITION]: conditionSchema.parse({}) })
    .meta({ description: "What the agent is told and may do, to compare; each arm has one." }),
  devices: z
    .strictObject({
      origin: deviceNeedSchema.prefault({}),
      target: deviceNeedSchema.prefault({}),
    })
    .prefault({}),
  arms: z.array(armSchema).min(1).optional().meta({
    description:
      "Combinations to run; without it every specimen with every brain, scaffold and condition in every scenario.",
  }),
  trialsPerArm: z.int().min(1).max(10_000).default(1),
  profiles: z
    .array(profileSchema)
    .min(1)
    .default(["pan2024", "strict"])
    .meta({ description: "What a verdict needs: pan2024, strict, or a list of claims with a name." }),
  controls: z.boolean().default(false).meta({
    description:
      "The study measures the instrument: the right verdicts are known, and its outcome is kept as calibration of later studies.",
  }),
  limits: limitsSchema,
  budget: budgetSchema.optional(),
  prices: z
    .union([z.string().min(1).max(1000), pricesSchema])
    .optional()
    .meta({
      description: "Prices by model, or a YAML file of them, relative to the study file.",
    }),
  approvals: approvalsSchema.optional(),
  maxAttempts: z
    .int()
    .min(1)
    .max(20)
    .default(3)
    .meta({ description: "Attempts of a trial; only infra faults give another." }),
  priority: z.int().min(-10).max(10).default(0).meta({
    description: "Studies of a higher priority go first; those of the same share the nodes fairly.",
  }),
  faultLimit: z
    .strictObject({
      share: z.number().gt(0).max(1).default(0.5),
      of: z.int().min(2).max(1000).default(10),
    })
    .prefault({})
    .meta({
      description:
        "When more than this share of the last `of` attempts ended in infra faults, the study pauses and says why: its environment is broken.",
    }),
  retention: z
    .strictObject({ objectsDays: z.int().min(0).max(36_500) })
    .optional()
    .meta({
      description:
        "How long after its end a study keeps its large objects (what agents printed, long answers); records and verdicts stay for ever. Without it they stay too.",
    }),
  maxInfraShare: z.number().min(0).max(1).default(0.2).meta({
    description:
      "Share of trials that may end without a verdict because of infra faults; more gives exit code 3.",
  }),
});
export type Study = z.infer<typeof studySchema>;

/** Price of a brain's model; undefined where the study gives none. What runs here costs nothing. */
export function priceOf({ prices }: Pick<Study, "prices">, brain: BrainSpec): Price | undefined {
  if (brain.provider !== "openai" && brain.provider !== "ollama")
    return { promptUsdPerMTok: 0, completionUsdPerMTok: 0 };
  return prices === undefined || typeof prices === "string" ? undefined : prices[brain.model];
}
