import { generationsOf, priceOf, type Scenario, type Study } from "@redline/shared";
import type { Document } from "yaml";
import type { Mistake } from "./mistake.ts";
import { pathText } from "./value.ts";
import { spanOfValue } from "./yaml-span.ts";

/** What each part of a study is by itself, and the whole is not: limits that cannot be measured, generations beyond the cap. */
export function whatItNeeds(
  doc: Document,
  study: Study,
  scenarios: Readonly<Record<string, Scenario>>,
): Mistake[] {
  const mistakes: Mistake[] = [];
  const wrong = (path: readonly PropertyKey[], what: string) =>
    mistakes.push({ ...spanOfValue(doc, path), path: pathText(path), what });

  const costs = study.limits.costUsd !== undefined || study.budget?.costUsd !== undefined;
  for (const [name, brain] of Object.entries(study.brains))
    if (costs && priceOf(study, brain) === undefined)
      wrong(
        ["brains", name, "model"],
        `a cost in dollars is limited, and \`prices\` has none for the model of ${name}; add it`,
      );

  Object.entries(scenarios).forEach(([name, { shape }], index) => {
    const wants = generationsOf(shape);
    if (wants > study.limits.generations)
      wrong(
        ["scenarios", index],
        `${name} asks for ${wants} generations, and limits.generations is ${study.limits.generations}`,
      );
  });
  return mistakes;
}
