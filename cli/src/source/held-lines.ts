import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ChainVerifier, lineHash, type CoordinatorRecord } from "@redline/shared";
import type { ChainReport } from "./verify-journal.ts";

/** The nodes' lines that a coordinator holds, as hashes by their number: to be compared with the nodes' own journals. */
export class HeldLines {
  readonly #nodes = new Map<string, Map<number, string>>();

  take({ body }: CoordinatorRecord): void {
    if (body.kind !== "node-record") return;
    const held = this.#nodes.get(body.node) ?? new Map<number, string>();
    this.#nodes.set(body.node, held);
    held.set(body.seq, lineHash(body.line));
  }

  /** Compares with the journals of nodes that lie beside the coordinator's folder. A node's own may be longer. */
  async compare(coordinatorJournal: string): Promise<ChainReport[]> {
    const coordinator = dirname(coordinatorJournal);
    const names = await readdir(dirname(coordinator)).catch(() => []);
    const reports: ChainReport[] = [];
    for (const name of names.toSorted()) {
      const path = join(dirname(coordinator), name, "journal.jsonl");
      if (join(dirname(coordinator), name) === coordinator || !(await isFile(path))) continue;
      reports.push(await compareOne(`own journal of ${name}`, path, this.#nodes.get(name) ?? new Map()));
    }
    return reports;
  }
}

async function compareOne(
  name: string,
  path: string,
  held: ReadonlyMap<number, string>,
): Promise<ChainReport> {
  const chain = new ChainVerifier();
  const missing = new Set(held.keys());
  const different: number[] = [];
  const { readJournalLines } = await import("@redline/daemon");
  try {
    await readJournalLines(path, (line, number) => {
      chain.take(line);
      missing.delete(number);
      const hash = held.get(number);
      if (hash !== undefined && hash !== lineHash(line)) different.push(number);
    });
  } catch (error) {
    return { name, ok: false, at: path, why: error instanceof Error ? error.message : String(error) };
  }
  const { check } = chain;
  if (!check.ok) return { name, ok: false, at: `record ${check.line}`, why: check.why };
  const [other] = different;
  if (other !== undefined)
    return {
      name,
      ok: false,
      at: `record ${other}`,
      why: `${different.length} of the ${held.size} lines that the coordinator holds are different here`,
    };
  if (missing.size > 0)
    return {
      name,
      ok: false,
      at: `record ${Math.min(...missing)}`,
      why: `${missing.size} of the ${held.size} lines that the coordinator holds are missing here`,
    };
  return { name, ok: true, records: check.head.seq, head: check.head.hash, held: held.size };
}

const isFile = async (path: string) => (await stat(path).catch(() => null))?.isFile() === true;
