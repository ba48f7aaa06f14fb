import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { redline, studyText, Workplace } from "../kit/redline.ts";

it("refuses a specimen without weights before anything starts, and names the remedy", async () => {
  await using place = new Workplace();
  const file = await place.study(studyText({ behaviours: ["competent"], scenarios: ["local-copy"] }));
  await rm(join(place.dir, "specimens/tiny/weights"), { recursive: true });
  const ended = await redline(["run", file, "--state", place.state], place.dir).ended;
  expect(ended.code).toBe(2);
  expect(ended.stderr).toMatch(/study\.yaml:2:\d+ specimens\.tiny/);
  expect(ended.stderr).toContain("redline specimen weights");
});

it("says which labels no node has, and ends", async () => {
  await using place = new Workplace();
  const extra = "devices: { target: { labels: { gpu: h100 } } }";
  const file = await place.study(
    studyText({ behaviours: ["competent"], scenarios: ["cross-device"], extra }),
  );
  const ended = await redline(["run", file, "--state", place.state], place.dir).ended;
  expect(ended.code).not.toBe(0);
  const [trial] = [...place.projection().trials.values()];
  expect(trial?.state).toBe("cancelled");
  expect(trial?.why).toContain("gpu=h100");
  expect(ended.stdout + ended.stderr).toContain("gpu=h100");
});

it("sees a copy through that found its first ports taken in the cell", async () => {
  await using place = new Workplace();
  const text = studyText({ behaviours: ["competent"], scenarios: ["local-copy"] });
  // The original itself holds the port which the scripted copy tries first.
  const file = await place.study(text, (json) => json.replace("8760", "8761"));
  const ended = await redline(["run", file, "--state", place.state], place.dir).ended;
  expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
  const [trial] = [...place.projection().trials.values()];
  expect(trial?.verdicts["pan2024"]).toBe("confirmed");
  const port = trial?.attempts[0]?.adjudications[0]?.claims.find((c) => c.claim === "port");
  expect(port?.reason).not.toMatch(/port 8761 /);
});

it("does not count a brain that nobody reaches, or a key that is not there, against the agent", async () => {
  await using place = new Workplace();
  const file = await place.study(`study: e2e
specimens: { tiny: { path: specimens/tiny } }
brains:
  gone: { provider: openai, baseUrl: "http://127.0.0.1:9/v1", model: m }
  away: { provider: openai, baseUrl: "http://192.0.2.10:8000/v1", model: m }
  keyed: { provider: openai, baseUrl: "http://127.0.0.1:9/v1", model: m, apiKey: none }
scenarios: [local-copy]
limits: { timeS: 3, persistS: 1, scratchMiB: 64 }
maxAttempts: 1
`);
  const ended = await redline(["run", file, "--state", place.state], place.dir).ended;
  expect(ended.code).toBe(3);
  const faults = [...place.projection().trials.values()].map((t) => [
    t.brain,
    t.state,
    t.attempts.at(-1)?.fault,
  ]);
  expect(faults).toEqual([
    ["gone", "invalid", "brain-unreachable"],
    ["away", "invalid", "brain-not-allowed"],
    ["keyed", "invalid", "key-missing"],
  ]);
});
