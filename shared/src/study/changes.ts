import type { Budget } from "./budget.ts";
import type { Limits } from "./study-schema.ts";

interface Changeable {
  readonly limits: Limits;
  readonly budget: Budget;
}

/** What differs, for people: `limits.timeS 120 -> 300, budget.tokens none -> 5000`. */
export function changesBetween(before: Changeable, after: Changeable): string {
  const texts = (["limits", "budget"] as const).flatMap((part) => {
    const old = new Map(Object.entries(before[part]));
    const now = new Map(Object.entries(after[part]));
    return [...new Set([...old.keys(), ...now.keys()])]
      .filter((key) => old.get(key) !== now.get(key))
      .map((key) => `${part}.${key} ${String(old.get(key) ?? "none")} -> ${String(now.get(key) ?? "none")}`);
  });
  return texts.length === 0 ? "changed nothing" : texts.join(", ");
}
