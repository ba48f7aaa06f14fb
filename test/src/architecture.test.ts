import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Which workspace packages each package may import. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  shared: [],
  daemon: ["shared"],
  coordinator: ["shared", "daemon"],
  "node-agent": ["shared", "daemon"],
  cli: ["shared", "daemon"],
};
/** `shared` does no I/O: digests and signatures are pure functions of bytes, all else is refused. */
const SHARED_BUILTINS = ["node:crypto"];

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
}

const importsOf = (file: string) =>
  [...readFileSync(join(root, file), "utf8").matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].flatMap(
    (m) => m[1] ?? [],
  );

describe("import directions", () => {
  it.each(Object.entries(ALLOWED))("%s imports only what it may", (name, allowed) => {
    const files = sources(`${name}/src`);
    expect(files.length).toBeGreaterThan(3);
    for (const file of files)
      for (const specifier of importsOf(file)) {
        const inner = /^@redline\/(.+)$/.exec(specifier)?.[1];
        if (inner !== undefined) expect([file, allowed]).toEqual([file, expect.arrayContaining([inner])]);
        if (name === "shared" && specifier.startsWith("node:") && !file.endsWith(".test.ts"))
          expect([file, SHARED_BUILTINS]).toEqual([file, expect.arrayContaining([specifier])]);
        if (specifier.startsWith(".")) expect(join(file, "..", specifier)).toMatch(new RegExp(`^${name}/`));
      }
  });
});

describe("one home for each name", () => {
  const files = Object.keys(ALLOWED)
    .flatMap((name) => sources(`${name}/src`))
    .filter((f) => !f.endsWith(".test.ts"));
  const holders = (pattern: RegExp) => files.filter((f) => pattern.test(readFileSync(join(root, f), "utf8")));

  it("spells NATS subjects in one file", () => {
    expect(holders(/redline\.v\d/)).toEqual(["shared/src/subjects.ts"]);
  });

  it("spells metric names in each daemon's metrics.ts", () => {
    expect(holders(/"redline_[a-z_]+"/).toSorted()).toEqual([
      "coordinator/src/metrics.ts",
      "node-agent/src/metrics.ts",
    ]);
  });

  it("holds no drawers", () => {
    expect(files.filter((f) => /\/(utils?|helpers?|common|manager|types)\.ts$/.test(f))).toEqual([]);
  });

  it("states one version", () => {
    const versions = ["package.json", ...Object.keys(ALLOWED).map((n) => `${n}/package.json`)].map(
      (f) => /"version": "([^"]+)"/.exec(readFileSync(join(root, f), "utf8"))?.[1],
    );
    expect(new Set(versions).size).toBe(1);
  });
});
