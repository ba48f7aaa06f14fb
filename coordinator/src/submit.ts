import { randomBytes } from "node:crypto";
import {
  armsOf,
  generationsOf,
  MOST_HELD_S,
  priceOf,
  slugSchema,
  studyIdSchema,
  submitRequestSchema,
  type Inventory,
  type Scenario,
  type Study,
  type StudyId,
  type SubmitRequest,
} from "@redline/shared";
import type { JournalStore } from "./journal-store.ts";

export type Submitted =
  | { readonly ok: true; readonly study: StudyId; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Takes a study in: journalled when it resolves. `by`: the token it came with, or null. The id is `<name>-<4 hex digits>`. */
export async function submitStudy(
  store: JournalStore,
  raw: unknown,
  live: readonly Inventory[],
  by: string | null = null,
): Promise<Submitted> {
  const parsed = submitRequestSchema.safeParse(raw);
  if (!parsed.success)
    return {
      ok: false,
      problems: parsed.error.issues.map((issue) => `${issue.path.map(String).join(".")}: ${issue.message}`),
    };
  const problems = problemsOf(parsed.data);
  if (problems.length > 0) return { ok: false, problems };
  const { file, definition, specimens, scenarios } = parsed.data;
  const study = freshId(store, definition.study);
  const whose = by === null ? {} : { by };
  await store.commit({ kind: "study-submitted", study, file, definition, specimens, scenarios, ...whose });
  return { ok: true, study, warnings: warningsOf(parsed.data, live) };
}

/** What the schema cannot see: names that point nowhere, and specimens which no command could carry. */
export function problemsOf({ definition, specimens, scenarios }: SubmitRequest): string[] {
  const arms = armsOf(definition);
  const names = arms.map((arm) => arm.name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  return [
    ...new Set([
      ...twice.map((name) => `arms: ${name} is listed twice`),
      ...arms.flatMap((arm) => [
        ...(Object.hasOwn(definition.brains, arm.brain) ? [] : [`arms: there is no brain ${arm.brain}`]),
        ...(Object.hasOwn(definition.specimens, arm.specimen)
          ? []
          : [`arms: there is no specimen ${arm.specimen}`]),
        ...(Object.hasOwn(specimens, arm.specimen)
          ? []
          : [`specimens: no manifest digest was sent for ${arm.specimen}`]),
        ...(Object.hasOwn(definition.scaffolds, arm.scaffold)
          ? []
          : [`arms: there is no scaffold ${arm.scaffold}`]),
        ...(Object.hasOwn(definition.conditions, arm.condition)
          ? []
          : [`arms: there is no condition ${arm.condition}`]),
        ...scenarioProblems(definition, scenarios, arm.scenario),
      ]),
      ...priceProblems(definition),
      ...((definition.approvals?.askS ?? 0) > MOST_HELD_S
        ? [`approvals.askS: people may hold an attempt for ${MOST_HELD_S} s at most, all questions together`]
        : []),
      ...Object.entries(specimens).flatMap(([name, specimen]) => [
        ...(slugSchema.safeParse(specimen.name).success
          ? []
          : [`specimens.${name}.name: ${specimen.name} is no folder name`]),
        ...(/^[0-9a-f]{64}$/.test(specimen.sha256) ? [] : [`specimens.${name}.sha256: not a SHA-256 in hex`]),
      ]),
    ]),
  ];
}

/** A cost cannot be held without the price of every model that is asked. */
export function priceProblems(definition: Study): string[] {
  const field =
    definition.budget?.costUsd !== undefined
      ? "budget.costUsd"
      : definition.limits.costUsd !== undefined
        ? "limits.costUsd"
        : null;
  if (field === null) return [];
  const names = new Set(armsOf(definition).map((arm) => arm.brain));
  return [...names].flatMap((name) => {
    const brain = Object.hasOwn(definition.brains, name) ? definition.brains[name] : undefined;
    return brain === undefined || priceOf(definition, brain) !== undefined
      ? []
      : [`${field}: prices give no price of the model of brain ${name}`];
  });
}

/** A scenario that was not sent, or one with more generations than the study's cap. */
export function scenarioProblems(
  { limits }: Pick<Study, "limits">,
  scenarios: Readonly<Record<string, Scenario>>,
  name: string,
): string[] {
  const scenario = Object.hasOwn(scenarios, name) ? scenarios[name] : undefined;
  if (scenario === undefined) return [`scenarios: ${name} was not sent`];
  const generations = generationsOf(scenario.shape);
  return generations > limits.generations
    ? [`scenarios: ${name} asks for ${generations} generations; limits.generations is ${limits.generations}`]
    : [];
}

function warningsOf({ specimens }: SubmitRequest, live: readonly Inventory[]): string[] {
  return Object.entries(specimens).flatMap(([name, { sha256 }]) =>
    live.some((node) => node.specimens.some((s) => s.sha256 === sha256))
      ? []
      : [`no node that is there now has the specimen ${name} (${sha256.slice(0, 12)})`],
  );
}

/** Ends when a free id is found; 65536 studies of one name would be needed to make that long. */
function freshId(store: JournalStore, name: string): StudyId {
  for (;;) {
    const id = studyIdSchema.parse(`${name}-${randomBytes(2).toString("hex")}`);
    if (!store.state.studies.has(id)) return id;
  }
}
