import {
  armsOf,
  BY_IMPORT,
  budgetSchema,
  changeRequestSchema,
  limitsSchema,
  studyIdSchema,
  whyRequestSchema,
  type CoordinatorRecordBody,
  type StudyView,
} from "@redline/shared";
import { jsonReply, type HttpReply, type HttpRequest } from "@redline/daemon";
import type { z } from "zod";
import { BY_BUDGET, budgetHold } from "./budget-hold.ts";
import { BY_FAULTS } from "./fault-hold.ts";
import type { JournalStore } from "./journal-store.ts";
import { problemsIn, signedBy } from "./signed-request.ts";
import { priceProblems, scenarioProblems } from "./submit.ts";
import type { Turns } from "./turns.ts";

export interface StudyOrderPorts {
  readonly store: Pick<JournalStore, "state" | "commit">;
  readonly turns: Turns;
}

/** `POST /api/studies/ID/change`: what a running study may use. Attempts that run keep what they were placed with. */
export function changeStudy(ports: StudyOrderPorts, request: HttpRequest): Promise<HttpReply> {
  return onStudy(ports, request, changeRequestSchema, (study, order) => {
    const limits = limitsSchema.safeParse(changed(study.limits, order.limits));
    const budget = budgetSchema.safeParse(changed(study.budget, order.budget));
    if (!limits.success || !budget.success)
      return {
        status: 422,
        problems: [...problemsIn("limits", limits.error), ...problemsIn("budget", budget.error)],
      };
    const after = { limits: limits.data, budget: budget.data };
    const definition = { ...study.definition, ...after };
    const problems = [
      ...Object.entries(order.limits)
        .filter(([name, value]) => value === null && Object.hasOwn(limits.data, name))
        .map(([name]) => `limits.${name}: every attempt has this limit; it can be changed, not taken away`),
      ...new Set(
        armsOf(definition).flatMap(({ scenario }) => scenarioProblems(definition, study.scenarios, scenario)),
      ),
      ...priceProblems(definition),
    ];
    if (problems.length > 0) return { status: 422, problems };
    // Both came out of the same schemas, so that equal ones read the same.
    if (JSON.stringify([study.limits, study.budget]) === JSON.stringify([after.limits, after.budget]))
      return { status: 409, problems: ["limits, budget: this is how they are already"] };
    return { kind: "study-changed", study: study.id, who: order.who, why: order.why, ...after };
  });
}

/** `POST /api/studies/ID/pause`: no new attempt begins; one that a person paused is not resumed by a larger budget. */
export function pauseStudy(ports: StudyOrderPorts, request: HttpRequest): Promise<HttpReply> {
  return onStudy(ports, request, whyRequestSchema, ({ id, paused }, { who, why }) =>
    paused === null || paused.who === BY_BUDGET || paused.who === BY_FAULTS
      ? { kind: "study-paused", study: id, who, why }
      : { status: 409, problems: [`${paused.who} has paused the study already: ${paused.why}`] },
  );
}

/** `POST /api/studies/ID/resume` */
export function resumeStudy(ports: StudyOrderPorts, request: HttpRequest): Promise<HttpReply> {
  return onStudy(ports, request, whyRequestSchema, ({ id, paused }, { who, why }) => {
    if (paused === null) return { status: 409, problems: ["the study is not paused"] };
    if (paused.who === BY_IMPORT)
      return { status: 409, problems: ["its import is not complete: run `redline journal import` again"] };
    return paused.who === BY_BUDGET
      ? { status: 409, problems: [`budget: ${paused.why}; raise it to go on`] }
      : { kind: "study-resumed", study: id, who, why };
  });
}

interface Refusal {
  readonly status: 409 | 422;
  readonly problems: readonly string[];
}

/** Decides and journals in one turn, so that no trial is placed in between, and then what follows for the budget. */
async function onStudy<T extends { who: string; why: string }>(
  { store, turns }: StudyOrderPorts,
  request: HttpRequest,
  schema: z.ZodType<T>,
  decide: (study: StudyView, order: T) => CoordinatorRecordBody | Refusal,
): Promise<HttpReply> {
  const id = studyIdSchema.safeParse(request.params[0]);
  const order = await signedBy(request, schema);
  if (!order.ok) return order.reply;
  return turns.take(async () => {
    const study = id.success ? store.state.studies.get(id.data) : undefined;
    if (study === undefined) return jsonReply({ error: "there is no such study" }, 404);
    if (study.endedAt !== null)
      return jsonReply({ problems: [`the study has ended: ${study.endedWhy}`] }, 409);
    const decided = decide(study, order.data);
    if ("status" in decided) return jsonReply({ problems: decided.problems }, decided.status);
    await store.commit(decided);
    const hold = budgetHold(study, () => store.state.trialsOf(study.id));
    if (hold !== null) await store.commit(hold);
    return jsonReply({ study: study.id, paused: study.paused !== null });
  });
}

/** Null takes a value away. */
function changed(before: object, changes: Readonly<Record<string, number | null>>): object {
  const after = new Map<string, unknown>(Object.entries(before));
  for (const [name, value] of Object.entries(changes))
    if (value === null) after.delete(name);
    else after.set(name, value);
  return Object.fromEntries(after);
}
