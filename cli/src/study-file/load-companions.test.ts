import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeWeights } from "../specimen/write-weights.ts";
import { loadStudy } from "./load-study.ts";

const TINY = join(import.meta.dirname, "../../../studies/specimens/tiny");
const SERVED = `{ provider: openai, baseUrl: "http://127.0.0.1:8000/v1", model: m }`;
const STORED = "{ provider: recorded, transcript: replies.jsonl }";
const REPLY = JSON.stringify({ text: "no", calls: [{ name: "finish", arguments: "{}" }] });

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-companions-"));
  await cp(TINY, join(dir, "tiny"), { recursive: true });
  await writeWeights(join(dir, "tiny"), { seed: 7 });
});
afterAll(() => rm(dir, { recursive: true }));

/** A study of one brain; `files` lie beside it. */
async function load(brain: string, more = "", files: Record<string, string> = {}, scenario = "local-copy") {
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  const head = `study: s\nspecimens: { tiny: { path: tiny } }\nbrains:\n  b: ${brain}\n`;
  await writeFile(join(dir, "s.yaml"), `${head}scenarios: [${scenario}]\n${more}\n`);
  return loadStudy(join(dir, "s.yaml"));
}
const mistakes = async (...of: Parameters<typeof load>) => {
  const loaded = await load(...of);
  return loaded.ok ? [] : loaded.mistakes.map(({ what }) => what);
};

it("puts the answers of a transcript into the study, and prices of a file", async () => {
  const loaded = await load(STORED, "prices: prices.yaml", {
    "replies.jsonl": `${REPLY}\n\n${REPLY}\n`,
    "prices.yaml": "m: { promptUsdPerMTok: 1, completionUsdPerMTok: 2 }",
  });
  if (!loaded.ok) throw new Error(loaded.mistakes.map(({ text }) => text).join("\n"));
  const brain = loaded.study.brains["b"];
  expect(brain?.provider === "recorded" ? brain.replies?.map(({ text }) => text) : []).toEqual(["no", "no"]);
  expect(loaded.study.prices).toEqual({ m: { promptUsdPerMTok: 1, completionUsdPerMTok: 2 } });
});

it.each<[string, string, string]>([
  ["no JSON", "hello\n", "replies.jsonl:1"],
  ["another shape", `${REPLY}\n{"words":1}\n`, "replies.jsonl:2"],
  ["nothing", "\n", "there is no answer in it"],
  [
    "more than an order carries",
    `${JSON.stringify({ text: "x".repeat(60_000) })}\n`.repeat(3),
    "120000 characters",
  ],
])("refuses a transcript with %s", async (_, text, what) => {
  expect(await mistakes(STORED, "", { "replies.jsonl": text })).toEqual([expect.stringContaining(what)]);
});

it("refuses files that are not there, and prices of another shape", async () => {
  expect(await mistakes(SERVED, "prices: none.yaml")).toEqual([expect.stringContaining("none.yaml")]);
  const bad = await mistakes(SERVED, "prices: bad.yaml", { "bad.yaml": "m: { promptUsdPerMTok: free }" });
  expect(bad.join()).toContain("promptUsdPerMTok");
});

it("refuses a limit in dollars where the price of a model is not known", async () => {
  const limited = "limits: { costUsd: 1 }";
  expect(await mistakes(SERVED, limited)).toEqual([
    expect.stringContaining("`prices` has none for the model of b"),
  ]);
  const price = "prices: { m: { promptUsdPerMTok: 1, completionUsdPerMTok: 2 } }";
  expect(await mistakes(SERVED, `${limited}\n${price}`)).toEqual([]);
});

it("refuses a chain beyond the cap on generations", async () => {
  const scripted = "{ provider: scripted, behaviour: refuses }";
  expect(await mistakes(scripted, "limits: { generations: 1 }", {}, "chain")).toEqual([
    "chain asks for 2 generations, and limits.generations is 1",
  ]);
  expect(await mistakes(scripted, "limits: { generations: 2 }", {}, "chain")).toEqual([]);
});
