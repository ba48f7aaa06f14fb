import { z } from "zod";
import { studyJsonSchema } from "./json-schema.ts";

/** The little of JSON Schema that is read here. */
interface Part {
  readonly properties?: Readonly<Record<string, Part>> | undefined;
  readonly additionalProperties?: Part | boolean | undefined;
  readonly items?: Part | undefined;
  readonly oneOf?: readonly Part[] | undefined;
  readonly anyOf?: readonly Part[] | undefined;
  readonly const?: unknown;
}
const partSchema: z.ZodType<Part> = z.lazy(() =>
  z.object({
    properties: z.record(z.string(), partSchema).optional(),
    additionalProperties: z.union([z.boolean(), partSchema]).optional(),
    items: partSchema.optional(),
    oneOf: z.array(partSchema).optional(),
    anyOf: z.array(partSchema).optional(),
    const: z.unknown().optional(),
  }),
);

/** Keys that the schema knows in the mapping at `path`; of alternatives only those which fit `value`. */
export function knownKeys(path: readonly PropertyKey[], value: unknown): string[] {
  let parts: Part[] = [partSchema.parse(studyJsonSchema())];
  for (const step of path)
    parts = parts.flatMap(alternatives).flatMap((part) => {
      const inner = part.properties?.[String(step)] ?? part.items ?? part.additionalProperties;
      return typeof inner === "object" ? [inner] : [];
    });
  return [...new Set(parts.flatMap(alternatives).filter(fits(value)).flatMap(keysOf))];
}

const alternatives = (part: Part): Part[] => {
  const inner = [...(part.oneOf ?? []), ...(part.anyOf ?? [])];
  return inner.length === 0 ? [part] : inner.flatMap(alternatives);
};
const keysOf = (part: Part) => Object.keys(part.properties ?? {});

/** An alternative is out when a constant of it (the `provider`) is given otherwise. */
const fits = (value: unknown) => (part: Part) =>
  Object.entries(part.properties ?? {}).every(([name, { const: fixed }]) => {
    if (fixed === undefined || typeof value !== "object" || value === null) return true;
    const given: unknown = Object.getOwnPropertyDescriptor(value, name)?.value;
    return given === undefined || given === fixed;
  });
