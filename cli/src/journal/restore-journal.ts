import { mkdir, open, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { JOURNAL_NAME } from "@redline/shared";
import { CliError, EXIT } from "../exit-codes.ts";
import { exportLines, exportObjects } from "./read-export.ts";

/**
 * Writes a checked export of a whole journal into an empty folder, which becomes a coordinator's state folder. The journal gets its name
 * last: a folder without it was not restored to the end.
 */
export async function restoreJournal(file: string, dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  if ((await readdir(dir)).length > 0)
    throw new CliError(EXIT.usage, `${dir} is not empty: a journal is restored into an empty folder only`, {
      remedy: "name a new folder with --into",
    });
  await exportObjects(file, async (study, sha256, bytes) => {
    const folder = join(dir, "objects", study);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeWhole(join(folder, sha256), async (write) => write(bytes));
  });
  await writeWhole(join(dir, JOURNAL_NAME), async (write) => {
    let waiting: string[] = [];
    let bytes = 0;
    const flush = async () => {
      await write(Buffer.from(waiting.join("")));
      waiting = [];
      bytes = 0;
    };
    await exportLines(file, async (line) => {
      waiting.push(`${line}\n`);
      bytes += line.length;
      if (bytes > 1_048_576) await flush();
    });
    await flush();
  });
}

async function writeWhole(
  path: string,
  fill: (write: (bytes: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<void> {
  const file = await open(`${path}.new`, "wx", 0o600);
  try {
    await fill((bytes) => file.writeFile(bytes));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}
