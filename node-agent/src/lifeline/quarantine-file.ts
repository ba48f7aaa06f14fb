import { readFileSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { quarantineStateSchema, type QuarantineState } from "./quarantine-state.ts";

/** Null where there is none; one that cannot be read or understood is a quarantine too. */
export function readState(path: string): QuarantineState | null {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    return { v: 1, why: `${path} cannot be read; look at it, then clear the node`.slice(-300) };
  }
  try {
    return quarantineStateSchema.parse(JSON.parse(text));
  } catch {
    return { v: 1, why: `${path} cannot be understood; look at it, then clear the node`.slice(-300) };
  }
}

/** Replaced in one step, and on disk when it resolves. */
export async function writeState(path: string, state: QuarantineState): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, "w", 0o600);
  try {
    await file.writeFile(`${JSON.stringify(state)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
