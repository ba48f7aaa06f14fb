import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CellDriver, CellLimits, CellSpec, SshTarget } from "../cell/cell.ts";
import { authorizedKey } from "../ssh/authorized-key.ts";
import { newEphemeralKey } from "../ssh/ephemeral-key.ts";
import type { BenchCell } from "./escape-bench.ts";

/** Small, so that a case that gets through harms nobody. */
export const SUITE_LIMITS: CellLimits = { memoryBytes: 268_435_456, processes: 64, openFiles: 256 };
export const SUITE_SCRATCH_BYTES = 16 * 1_048_576;
/** Far longer than a suite takes. */
export const SUITE_LIFE_MS = 300_000;

/** The suite's own folder on the node: state of its cells, a specimen with weights, and the host's secret. */
export interface SuiteFolder extends AsyncDisposable {
  readonly path: string;
  /** Unique word of this run. */
  readonly word: string;
  readonly secret: { readonly path: string; readonly text: string };
  readonly weights: { readonly host: string; readonly inCell: string };
  readonly specimen: string;
}

/** Made in `parent`, which every uid must be able to pass through where cells have uids of their own. */
export async function makeSuiteFolder(parent: string): Promise<SuiteFolder> {
  const word = randomBytes(8).toString("hex");
  const path = await mkdtemp(join(parent, "escape-"));
  try {
    await chmod(path, 0o711);
    const specimen = join(path, "specimen");
    await mkdir(join(specimen, "weights"), { recursive: true, mode: 0o755 });
    await writeFile(join(specimen, "agent.mjs"), "console.log('no agent');\n", { mode: 0o644 });
    const host = join(specimen, "weights/original.gguf");
    await writeFile(host, createHash("sha512").update(word).digest("hex").repeat(512), { mode: 0o644 });
    const secret = { path: join(path, "secret"), text: `secret-${randomBytes(16).toString("hex")}` };
    await writeFile(secret.path, secret.text, { mode: 0o644 });
    return {
      ...{ path, word, secret, specimen },
      weights: { host, inCell: "/home/agent/system/weights/original.gguf" },
      [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
    };
  } catch (error) {
    await rm(path, { recursive: true, force: true });
    throw error;
  }
}

export interface SuiteCellOptions {
  readonly driver: CellDriver;
  readonly folder: SuiteFolder;
  readonly index: number;
  /** Unique in the suite: the name of the cell and its state folder. */
  readonly name: string;
  readonly hostname: "origin" | "target";
  readonly now: Date;
  /** More lines for sshd's list. */
  readonly moreKeys?: readonly string[];
  readonly sshTarget?: SshTarget;
  readonly ttlMs?: number;
}

export function suiteSpec(options: SuiteCellOptions, daemonKey: { publicKeyLine: string }): CellSpec {
  const { folder, name, index, hostname, now, sshTarget, moreKeys = [], ttlMs = SUITE_LIFE_MS } = options;
  const expires = new Date(now.getTime() + SUITE_LIFE_MS);
  return {
    id: `escape-${folder.word.slice(0, 6)}-${name}`,
    ...{ hostname, index, ttlMs },
    scratchBytes: SUITE_SCRATCH_BYTES,
    limits: SUITE_LIMITS,
    authorizedKeys: [authorizedKey(daemonKey.publicKeyLine, { expires }), ...moreKeys],
    readOnlyBinds: [],
    socketBinds: [],
    env: {},
    plant: { from: folder.specimen, to: "/home/agent/system", weights: ["weights/original.gguf"] },
    ...(sshTarget === undefined ? {} : { sshTarget }),
    stateDir: join(folder.path, name),
  };
}

/** @throws CellError */
export async function buildSuiteCell(options: SuiteCellOptions, signal: AbortSignal): Promise<BenchCell> {
  const key = newEphemeralKey("suite");
  const spec = suiteSpec(options, key);
  return { cell: await options.driver.build(spec, signal), spec, key };
}
