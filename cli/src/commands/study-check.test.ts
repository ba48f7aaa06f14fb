import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { stringify } from "yaml";
import { EXIT } from "../exit-codes.ts";
import { runCli } from "../run-cli.ts";
import { FIXTURE_STUDY } from "../testing/fixture-journal.ts";
import { testContext } from "../testing/test-context.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-check-"));
  const specimen = join(dir, "specimens/tiny");
  await mkdir(specimen, { recursive: true });
  await writeFile(
    join(specimen, "specimen.json"),
    '{"v":1,"name":"tiny","agent":"a","model":"m","weights":["w"],"ports":{"model":8760,"agent":8001}}',
  );
  for (const name of ["a", "m", "w"]) await writeFile(join(specimen, name), "x");
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

it("names each address of a study and what decides over it; scripted brains have none", async () => {
  const path = join(dir, "study.yaml");
  const brains = {
    ...FIXTURE_STUDY.brains,
    near: { provider: "ollama", model: "m" },
    far: { provider: "openai", baseUrl: "https://192.0.2.1/v1", model: "m" },
  };
  await writeFile(path, stringify({ ...FIXTURE_STUDY, brains }));
  const { context, out } = testContext(dir);
  expect(await runCli(["study", "check", path], context)).toBe(EXIT.done);
  const named = out.text().match(/brain .* at .*: its nodes must allow that \(REDLINE_BRAIN_URLS;/g);
  expect(named).toHaveLength(2);
  expect(out.text()).toContain("brain near at http://127.0.0.1:11434: ");
  expect(out.text()).toContain("brain far at https://192.0.2.1/v1: ");
});
