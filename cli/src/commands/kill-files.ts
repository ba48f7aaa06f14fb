import { readdir, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CliError, EXIT } from "../exit-codes.ts";
import type { KillAnswer } from "./kill-publish.ts";

const WAIT_MS = 3000;
const LOOK_MS = 50;

/**
 * Leaves a kill file in the state folder of every node of a lab, and looks for 3 s whether each took it up.
 * @throws CliError where the folder is no lab's.
 */
export async function leaveKillFiles(stateDir: string, reason: string): Promise<KillAnswer[]> {
  const nodes = await nodesOf(stateDir);
  if (nodes.length === 0)
    throw new CliError(EXIT.usage, `${stateDir} holds no node's state folder`, {
      remedy: "name a lab's state folder with --state DIR, or NATS servers with --nats URL",
    });
  const heard = nodes.map(async (node): Promise<KillAnswer> => {
    const dir = join(stateDir, node);
    // Its reason is there when the file is.
    const draft = join(dir, `.kill.${process.pid}`);
    await writeFile(draft, `${reason.slice(0, 280)}\n`, { mode: 0o644 });
    await rename(draft, join(dir, "kill"));
    const deadline = Date.now() + WAIT_MS;
    while (Date.now() < deadline) {
      if (await exists(join(dir, "quarantine.json"))) return { node, heard: true };
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return { node, heard: false };
  });
  const results = await Promise.allSettled(heard);
  return results.map((result, i) =>
    result.status === "fulfilled" ? result.value : { node: nodes[i] ?? "", heard: false },
  );
}

/** Names of the folders in which a node daemon keeps its journal. */
async function nodesOf(stateDir: string): Promise<string[]> {
  const names = await readdir(stateDir).catch(() => []);
  const nodes: string[] = [];
  for (const name of names.toSorted())
    if (name !== "coordinator" && (await exists(join(stateDir, name, "journal.jsonl")))) nodes.push(name);
  return nodes;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
