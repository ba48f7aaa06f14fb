import type { z } from "zod";

/** Settings that cannot be used; the message names every bad one. Exit code 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Parses settings with a schema; reports every bad field at once, by its environment name. */
export function parseSettings<T>(schema: z.ZodType<T>, env: Readonly<Record<string, string | undefined>>): T {
  const given = Object.fromEntries(
    Object.entries(env).filter(([name, value]) => name.startsWith("REDLINE_") && value !== ""),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return Object.freeze(parsed.data);
  const lines = parsed.error.issues.map((issue) => `  ${issue.path.join(".")}: ${issue.message}`);
  throw new ConfigError(`settings that cannot be used:\n${lines.join("\n")}`);
}
