import { chmod, chown, copyFile, mkdir, open, rm, writeFile, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { newEphemeralKey } from "../ssh/ephemeral-key.ts";
import { parsePublicKeyLine } from "../ssh/public-key-line.ts";
import { CELL } from "./cell-layout.ts";
import type { CellSpec } from "./cell.ts";
import type { CellTools } from "./cell-tools.ts";
import { INIT_SCRIPT } from "./init-script.ts";
import { seccompFilter } from "./seccomp-filter.ts";
import { sshClientConfig, sshdConfig } from "./sshd-config.ts";

/** Where the cell's files lie on the host. */
export interface CellPaths {
  /** Becomes the cell's /etc. */
  readonly etc: string;
  /** bash without read permission: see `writeCellFiles`. */
  readonly init: string;
  readonly initScript: string;
}

export const cellPaths = (stateDir: string): CellPaths => ({
  etc: join(stateDir, "etc"),
  init: join(stateDir, "init"),
  initScript: join(stateDir, "init.bash"),
});

export interface CellFiles {
  readonly seccomp: FileHandle;
  /** Public key line. */
  readonly hostKey: string;
}

export interface CellFilesInput {
  readonly spec: CellSpec;
  readonly tools: CellTools;
  readonly address: string;
  readonly sshVersion: readonly [number, number];
  /** Owner of the secret files, as the host counts. */
  readonly hostUid: number;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Writes what the cell sees as /etc, and init. init's bash is a copy that nobody may read: the kernel makes a process
 * of such a file non-dumpable, so that the cell's user, who has init's own uid, cannot write into /proc/1/mem.
 */
export async function writeCellFiles(input: CellFilesInput): Promise<CellFiles> {
  const { spec, tools, hostUid } = input;
  const { etc, init, initScript } = cellPaths(spec.stateDir);
  const seccompPath = join(spec.stateDir, "seccomp.bpf");
  const hostKey = newEphemeralKey(spec.hostname);
  await mkdir(join(etc, "ssh"), { recursive: true });
  await mkdir(join(etc, "alternatives"));

  const plain: [string, string][] = [
    ["passwd", `${CELL.user}:*:${CELL.uid}:${CELL.uid}:agent:${CELL.home}:${CELL.shell}\n`],
    ["group", `${CELL.user}:*:${CELL.uid}:\n`],
    ["nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"],
    ["hosts", hosts(input)],
    ["hostname", `${spec.hostname}\n`],
    [
      "ssh/sshd_config",
      sshdConfig({ address: input.address, env: input.environment, version: input.sshVersion }),
    ],
    ["ssh/authorized_keys", spec.authorizedKeys.map((line) => `${line}\n`).join("")],
  ];
  const secret: [string, string][] = [["ssh/host_key", hostKey.privateKey]];
  if (spec.sshTarget !== undefined) {
    const { type, base64 } = parsePublicKeyLine(spec.sshTarget.hostKey);
    plain.push(["ssh/ssh_config", sshClientConfig(spec.sshTarget)]);
    plain.push(["ssh/known_hosts", `target ${type} ${base64}\n`]);
    secret.push(["ssh/target_key", spec.sshTarget.privateKey]);
  }
  await Promise.all([
    ...plain.map(([name, text]) => writeFile(join(etc, name), text, { mode: 0o644 })),
    ...secret.map(async ([name, text]) => {
      await writeFile(join(etc, name), text, { mode: 0o600 });
      await chown(join(etc, name), hostUid, hostUid);
    }),
    // Without it the dynamic linker finds nothing in folders that only the cache names.
    copyFile("/etc/ld.so.cache", join(etc, "ld.so.cache")).catch(() => undefined),
    copyFile(tools.bash, init).then(() => chmod(init, 0o111)),
    writeFile(initScript, INIT_SCRIPT, { mode: 0o644 }),
    writeFile(seccompPath, seccompFilter()),
  ]);
  const seccomp = await open(seccompPath, "r");
  return { seccomp, hostKey: hostKey.publicKeyLine };
}

/** Removes all of it, keys first of all. */
export async function removeCellFiles(stateDir: string): Promise<void> {
  await rm(stateDir, { recursive: true, force: true });
}

function hosts({ spec, address }: CellFilesInput): string {
  const lines = ["127.0.0.1 localhost", `${address} ${spec.hostname}`];
  if (spec.sshTarget !== undefined) lines.push(`${spec.sshTarget.host} target`);
  return `${lines.join("\n")}\n`;
}
