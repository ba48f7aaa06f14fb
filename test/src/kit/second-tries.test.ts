import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const reporter = fileURLToPath(new URL("second-tries.ts", import.meta.url));
// Inside the checkout, so that vitest is found from there, and where nothing else reads it.
const cache = fileURLToPath(new URL("../../../.cache", import.meta.url));
const vitest = fileURLToPath(new URL("../../../node_modules/vitest/vitest.mjs", import.meta.url));
const CONFIG = `
import { SecondTries } from ${JSON.stringify(reporter)};
export default { test: { retry: 1, include: ["*.fixture.ts"], reporters: [new SecondTries(process.env.REPORT ?? "")] } };
`;
const FIXTURE = `
import { describe, expect, it } from "vitest";
let tries = 0;
describe("a race", () => {
  it("is lost once", () => expect((tries += 1), "too\\nearly").toBe(2));
  it("is lost always", () => expect(tries).toBe(0));
  it("is none", () => expect(1).toBe(1));
});
`;

it("names each test that needed a second try, with the first error; one that fails twice fails", async () => {
  await mkdir(cache, { recursive: true });
  const dir = await mkdtemp(join(cache, "second-tries-"));
  try {
    const report = join(dir, "report");
    await writeFile(join(dir, "vitest.config.ts"), CONFIG);
    await writeFile(join(dir, "race.fixture.ts"), FIXTURE);
    const env = { ...process.env, REPORT: report };
    const code = await new Promise((resolve) => {
      const child = execFile(process.execPath, [vitest, "run", "--root", dir], { env });
      child.once("close", resolve);
    });
    expect(code).toBe(1);
    const lines = (await readFile(report, "utf8")).trimEnd().split("\n");
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^second try passed: .*race\.fixture\.ts > a race > is lost once: too early/);
    expect(lines[0]).toContain("- 2 + 1");
    expect(lines[1]).toMatch(/^second try failed: .*race\.fixture\.ts > a race > is lost always: /);
  } finally {
    await rm(dir, { recursive: true });
  }
}, 60_000);
