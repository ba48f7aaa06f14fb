import { readFileSync } from "node:fs";
import { z } from "zod";

/** Version of the package whose `src` or `dist` the given module is directly in. @param moduleUrl `import.meta.url` */
export function packageVersion(moduleUrl: string): string {
  const text = readFileSync(new URL("../package.json", moduleUrl), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
