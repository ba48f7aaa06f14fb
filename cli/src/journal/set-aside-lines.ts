import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setAsideSchema, terminalLine, type SetAsideEntry } from "@redline/shared";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { journalFileOf, type SourceOptions } from "../source/choose-source.ts";
import { safeJson } from "../terminal/safe-json.ts";

/** `redline journal set-aside`: what the coordinator of a state folder could not read or did not take, the newest last. All of it hostile text. */
export async function journalSetAside(
  { terminal: { out }, cwd }: Context,
  options: SourceOptions & { readonly json: boolean; readonly limit: number },
): Promise<ExitCode> {
  const dir = dirname(await journalFileOf(options, cwd));
  const all = [
    ...(await entriesOf(join(dir, "set-aside.1.jsonl"))),
    ...(await entriesOf(join(dir, "set-aside.jsonl"))),
  ];
  const shown = options.limit === 0 ? all : all.slice(-options.limit);
  if (options.json) {
    out.line(safeJson({ as_of: new Date().toISOString(), total: all.length, entries: shown }, 2));
    return EXIT.done;
  }
  if (all.length === 0) out.line("nothing was set aside");
  for (const { at, what, why, subject, bytes, head } of shown) {
    out.line(`${at} ${what} ${terminalLine(subject, 300)}: ${terminalLine(why, 500)}`);
    if (bytes > 0) out.line(`  ${bytes} bytes: ${terminalLine(head, 200)}`);
  }
  if (shown.length < all.length) out.line(`${all.length - shown.length} older ones: --limit 0 shows all`);
  return EXIT.done;
}

/** A line that is not whole is left out: it is being written. */
async function entriesOf(path: string): Promise<SetAsideEntry[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.split("\n").flatMap((line) => {
    try {
      const parsed = setAsideSchema.safeParse(JSON.parse(line));
      return parsed.success ? [parsed.data] : [];
    } catch {
      return [];
    }
  });
}
