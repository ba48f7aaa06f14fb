import { PROFILES, scenarioEntrySchema, scenarioName } from "@redline/shared";
import type { Document } from "yaml";
import { hintFor } from "../did-you-mean.ts";
import type { Mistake } from "./mistake.ts";
import { entriesAt, itemsAt, pathText, valueAt } from "./value.ts";
import { spanOfKey, spanOfValue } from "./yaml-span.ts";

/** What a schema cannot see: names that stand for nothing, and things listed twice. */
export function referenceMistakes(doc: Document, root: unknown): Mistake[] {
  return [
    ...unknownNames(doc, root),
    ...listedTwice(doc, root, ["scenarios"], nameOfScenario),
    ...listedTwice(doc, root, ["profiles"], nameOfProfile),
    ...itemsAt(root, ["profiles"]).flatMap((_, index) =>
      listedTwice(doc, root, ["profiles", index, "claims"], (item) => item),
    ),
    ...listedTwice(doc, root, ["arms"], (item) =>
      ["scenario", "brain", "specimen", "scaffold", "condition"].map((key) => valueAt(item, [key])).join("/"),
    ),
    ...uncheckedExpectations(doc, root),
  ];
}

function unknownNames(doc: Document, root: unknown): Mistake[] {
  return itemsAt(root, ["arms"]).flatMap((_, index) =>
    [
      ["specimen", "specimens"],
      ["brain", "brains"],
      ["scaffold", "scaffolds"],
      ["condition", "conditions"],
    ].flatMap(([key = "", table = ""]) => {
      const path = ["arms", index, key];
      const name = valueAt(root, path);
      const known = entriesAt(root, [table]).map(([id]) => id);
      if (typeof name !== "string" || known.includes(name)) return [];
      const hint = hintFor(name, known);
      const what = `there is no ${key} "${name}"${hint === "" ? ";" : hint} expected one of: ${known.join(", ")}`;
      return [{ ...spanOfValue(doc, path), path: pathText(path), what }];
    }),
  );
}

function listedTwice(
  doc: Document,
  root: unknown,
  path: readonly PropertyKey[],
  nameOf: (item: unknown) => unknown,
): Mistake[] {
  const names = itemsAt(root, path).map(nameOf);
  return names.flatMap((name, index) => {
    const first = names.indexOf(name);
    if (first === index || typeof name !== "string") return [];
    const what = `"${name}" is listed twice (first as entry ${first + 1})`;
    return [{ ...spanOfValue(doc, [...path, index]), path: pathText([...path, index]), what }];
  });
}

/** Arms name a scenario by its folder's name, or by the one that the study gives it. */
const nameOfScenario = (item: unknown) => {
  const parsed = scenarioEntrySchema.safeParse(item);
  return parsed.success ? scenarioName(parsed.data) : item;
};

/** A built-in profile stands there by its name, a study's own as a mapping with one. */
const nameOfProfile = (item: unknown) => (typeof item === "string" ? item : valueAt(item, ["name"]));

/** An expectation under a profile that is not run would never be checked, and nobody would notice. */
function uncheckedExpectations(doc: Document, root: unknown): Mistake[] {
  const given = valueAt(root, ["profiles"]);
  const listed = given === undefined ? PROFILES : itemsAt(root, ["profiles"]).map(nameOfProfile);
  const known = listed.filter((name) => typeof name === "string");
  return entriesAt(root, ["brains"]).flatMap(([brain]) =>
    entriesAt(root, ["brains", brain, "expect"]).flatMap(([profile]) => {
      if (known.includes(profile)) return [];
      const path = ["brains", brain, "expect"];
      const what = `would never be checked: "${profile}" is not among the profiles of this study${hintFor(profile, known)}`;
      return [{ ...spanOfKey(doc, path, profile), path: pathText([...path, profile]), what }];
    }),
  );
}
