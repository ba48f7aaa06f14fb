import { access, chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliError, EXIT } from "../exit-codes.ts";
import { at, nodeAgentEntry } from "../lab/lab-daemons.ts";
import { chooseLabUser } from "../lab/lab-user.ts";
import { readToolManifest, toolPath } from "../lab/tools.ts";
import { userNamespaceProblem } from "../lab/user-namespaces.ts";

const cellEntry = at("../../../node-agent/dist/interactive/main.js");
const brainEntry = at("../../../node-agent/dist/interactive/brain-main.js");
const cellInit = at("../../lab/cell-init.bash");

/** A folder of this one use, and how programs are started for it. */
export interface HandPlace {
  readonly folder: string;
  /** The user that cells are made as; null for the caller's own. */
  readonly uid: number | null;
  /** Why it is the caller's own although that is root; empty otherwise. */
  readonly note: string;
  /** The program that has the cell, as root of namespaces of its own that end with this command. */
  cellProgram(planPath: string): string[];
  /** The program that holds a broker, as the caller and in the caller's network. */
  brainProgram(planPath: string): string[];
  /** Writes a file that the lab's user may read, and nobody else. Gives its path. */
  put(name: string, text: string): Promise<string>;
  /** The same for the caller alone. */
  putOwn(name: string, text: string): Promise<string>;
  /** Gives a file to the lab's user. */
  handOver(path: string): Promise<void>;
  remove(): Promise<void>;
}

/** @throws CliError where this machine makes no cells, with what helps. */
export async function makeHandPlace(specimenDir: string): Promise<HandPlace> {
  const tools = await readToolManifest();
  const [setpriv, unshare, bash] = ["setpriv", "unshare", "bash"].map((name) => toolPath(tools, name));
  if (setpriv === undefined || unshare === undefined || bash === undefined) throw new Error("no tools");
  const problem = userNamespaceProblem(unshare);
  if (problem !== null) throw new CliError(EXIT.usage, problem);
  const entries = [cellEntry, brainEntry, nodeAgentEntry];
  for (const entry of entries)
    await access(entry).catch(() => {
      throw new CliError(EXIT.usage, `${entry} is not built`, { remedy: "npm run build" });
    });
  const folder = await mkdtemp(join(tmpdir(), "redline-hand-"));
  // Cells may have a uid of their own, which must pass through.
  await chmod(folder, 0o711);
  const readable = [process.execPath, cellInit, ...entries, specimenDir];
  const { asUser, uid, why } = await chooseLabUser({ setpriv, stateDir: folder, readable });
  const handOver = async (path: string) => {
    if (uid !== null) await chown(path, uid, uid);
  };
  const putOwn = async (name: string, text: string) => {
    const path = join(folder, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  return {
    folder,
    uid,
    note: why,
    // prettier-ignore
    cellProgram: (plan) => [...(asUser.length === 0 ? [setpriv] : asUser), "--pdeathsig", "KILL",
      unshare, "-Urmn", "--ipc", "--pid", "--fork", "--mount-proc", "--kill-child", bash, "--norc", cellInit, process.execPath, cellEntry, plan],
    brainProgram: (plan) => [setpriv, "--pdeathsig", "KILL", process.execPath, brainEntry, plan],
    async put(name, text) {
      const path = await putOwn(name, text);
      await handOver(path);
      return path;
    },
    putOwn,
    handOver,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
