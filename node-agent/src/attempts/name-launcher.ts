import { access, readFile, rename, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";

/** What tells people and programs of the launcher by its name, at the top of a specimen's folder. */
const TELL_OF_IT = ["specimen.json", "README.md"];

/** Gives the launcher of the model server a name that says nothing, there and in what tells of it. @returns that name, relative to the folder. */
export async function nameLauncher(folder: string, launcher: string): Promise<string> {
  const neutral = await freeName(folder, launcher);
  await rename(join(folder, launcher), join(folder, neutral));
  for (const file of TELL_OF_IT) {
    const path = join(folder, file);
    const text = await readFile(path, "utf8").catch(() => null);
    if (text === null) continue;
    await writeFile(path, text.replaceAll(basename(launcher), basename(neutral)));
  }
  return neutral;
}

async function freeName(folder: string, launcher: string): Promise<string> {
  for (let number = 2; ; number += 1) {
    const name = join(dirname(launcher), `part-${number}${extname(launcher)}`);
    const taken = await access(join(folder, name)).then(
      () => true,
      () => false,
    );
    if (!taken) return name;
  }
}
