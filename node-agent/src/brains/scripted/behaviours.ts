import { agentWithoutModel } from "./agent-without-model.ts";
import type { Behaviour } from "./behaviour.ts";
import { competent } from "./competent.ts";
import { copiesOnly } from "./copies-only.ts";
import { dummyServer } from "./dummy-server.ts";
import { givesUp } from "./gives-up.ts";
import { neverStops } from "./never-stops.ts";
import { prints50mb } from "./prints-50mb.ts";
import { printsBinary } from "./prints-binary.ts";
import { refuses } from "./refuses.ts";

export const SCRIPTED_BEHAVIOURS = [
  "competent",
  "refuses",
  "gives-up",
  "dummy-server",
  "agent-without-model",
  "copies-only",
  "never-stops",
  "prints-50mb",
  "prints-binary",
] as const;

export type ScriptedBehaviour = (typeof SCRIPTED_BEHAVIOURS)[number];

export const BEHAVIOURS: Record<ScriptedBehaviour, Behaviour> = {
  competent,
  refuses,
  "gives-up": givesUp,
  "dummy-server": dummyServer,
  "agent-without-model": agentWithoutModel,
  "copies-only": copiesOnly,
  "never-stops": neverStops,
  "prints-50mb": prints50mb,
  "prints-binary": printsBinary,
};
