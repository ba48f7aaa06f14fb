import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { selfTestSchema, type SelfTest } from "@redline/shared";
import { z } from "zod";
import { RUNS } from "../source/state-folder.ts";

/** A green self-test holds for the boot and the version of the program it was made on, as on a node. */
const rememberedSchema = z.strictObject({ version: z.string(), uid: z.int(), report: selfTestSchema });
const pathIn = (cwd: string) => join(cwd, RUNS, "agent-self-test.json");

export interface ThisMachine {
  readonly cwd: string;
  readonly version: string;
  /** The user that the cells are made as. */
  readonly uid: number;
}

/** Whether this user's cells were seen to hold on this boot. */
export async function wasGreen({ cwd, version, uid }: ThisMachine): Promise<boolean> {
  try {
    const bootId = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
    const known = rememberedSchema.parse(JSON.parse(await readFile(pathIn(cwd), "utf8")));
    const { report } = known;
    return report.green && report.bootId === bootId && known.version === version && known.uid === uid;
  } catch {
    return false;
  }
}

/** Kept where runs leave their state; where nothing can be kept the next one is made again. */
export async function rememberSelfTest({ cwd, version, uid }: ThisMachine, report: SelfTest): Promise<void> {
  const known: z.infer<typeof rememberedSchema> = { version, uid, report };
  await mkdir(join(cwd, RUNS), { recursive: true })
    .then(() => writeFile(pathIn(cwd), `${JSON.stringify(known)}\n`))
    .catch(() => undefined);
}
