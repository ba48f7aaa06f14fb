import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { builtScript } from "./built-script.ts";

describe("builtScript", () => {
  it("is the build of a script beside the source, or the script beside the build", () => {
    const source = "file:///src/redline/node-agent/src/observe/probe/ask-prober.ts";
    const built = "file:///src/redline/node-agent/dist/observe/probe/prober-child.js";
    expect(builtScript(source, "prober-child.js").href).toBe(built);
    expect(builtScript(built.replace("prober-child", "ask-prober"), "prober-child.js").href).toBe(built);
  });

  it("names scripts that there is a source of", () => {
    for (const name of ["prober-child", "end-with-cell"])
      expect(existsSync(new URL(`${name}.ts`, import.meta.url))).toBe(true);
  });
});
