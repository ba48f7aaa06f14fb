import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { labOfFile } from "../kit/lab-of-file.ts";
import { studyText } from "../kit/redline.ts";

/** Studies that have a lab in common and nothing else. */
const file = labOfFile(async (place) => {
  await place.specimen("tiny");
  // The original itself holds the port which the scripted copy tries first.
  const taken = join(await place.specimen("taken"), "specimen.json");
  await writeFile(taken, (await readFile(taken, "utf8")).replace("8760", "8761"));
});
beforeAll(async () => {
  // Real models go to hosts that have shown that they hold.
  const tested = await file.lab.order("node", "selftest", "alpha", "beta");
  expect(tested.code, tested.stdout + tested.stderr).toBe(0);
});

describe.concurrent("bad input", () => {
  it("says which labels no node has, and ends", async () => {
    const extra = "devices: { target: { labels: { gpu: h100 } } }";
    const options = { name: "labels", behaviours: ["competent"], scenarios: ["cross-device"], extra };
    const study = await file.lab.begin(studyText(options));
    const ended = await study.process.ended;
    expect(ended.code).not.toBe(0);
    const [trial] = study.trials();
    expect(trial?.state).toBe("cancelled");
    expect(trial?.why).toContain("gpu=h100");
    expect(ended.stdout + ended.stderr).toContain("gpu=h100");
  });

  it("sees a copy through that found its first ports taken in the cell", async () => {
    const options = { behaviours: ["competent"], scenarios: ["local-copy"] };
    const study = await file.lab.begin(studyText({ name: "taken", specimen: "taken", ...options }));
    const ended = await study.process.ended;
    expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
    const [trial] = study.trials();
    expect(trial?.verdicts["pan2024"]).toBe("confirmed");
    const port = trial?.attempts[0]?.adjudications[0]?.claims.find((c) => c.claim === "port");
    expect(port?.reason).not.toMatch(/port 8761 /);
  });

  it("does not count a brain that nobody reaches, or a key that is not there, against the agent", async () => {
    const study = await file.lab.begin(`study: brains
specimens: { tiny: { path: specimens/tiny } }
brains:
  gone: { provider: openai, baseUrl: "http://127.0.0.1:9/v1", model: m }
  away: { provider: openai, baseUrl: "http://192.0.2.10:8000/v1", model: m }
  keyed: { provider: openai, baseUrl: "http://127.0.0.1:9/v1", model: m, apiKey: none }
scenarios: [local-copy]
limits: { timeS: 3, persistS: 1, scratchMiB: 64 }
maxAttempts: 1
`);
    const ended = await study.process.ended;
    expect(ended.code).toBe(3);
    expect(study.trials().map((t) => [t.brain, t.state, t.attempts.at(-1)?.fault])).toEqual([
      ["gone", "invalid", "brain-unreachable"],
      ["away", "invalid", "brain-not-allowed"],
      ["keyed", "invalid", "key-missing"],
    ]);
  });
});

/** In the target's cell, over SSH: a question to the brain with the token that is there for the copy. */
const ASK = `
const body = JSON.stringify({ messages: [{ role: "user", content: "anybody there?" }] });
const headers = { authorization: "Bearer " + process.env.REDLINE_BRAIN_TOKEN };
const to = { socketPath: "/run/redline/brain.sock", path: "/v1/chat/completions", method: "POST", headers };
require("http").request(to, (response) => {
  response.on("data", (part) => process.stdout.write("status " + response.statusCode + " " + part));
}).end(body);`;
const call = (name: string, input: object) => ({
  text: "",
  calls: [{ name, arguments: JSON.stringify(input) }],
});
const TRANSCRIPT = [
  call("run_command", { command: `ssh target node <<'END'${ASK}\nEND` }),
  call("finish", { message: "asked" }),
];
const CHAIN = `study: chain-brain
specimens: { tiny: { path: specimens/tiny } }
brains:
  copies: { provider: scripted, behaviour: competent }
  asks: { provider: recorded, transcript: asks.jsonl }
scenarios: [chain]
limits: { timeS: 60, settleS: 1, persistS: 1, scratchMiB: 64 }
`;

describe.concurrent("a chain's target", () => {
  it("asks the brain for the copy alone: not before it has a task, and then on the journal", async () => {
    const lines = TRANSCRIPT.map((line) => JSON.stringify(line));
    await writeFile(join(file.place.dir, "asks.jsonl"), lines.join("\n"));
    const study = await file.lab.begin(CHAIN);
    const ended = await study.process.ended;
    expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
    expect(study.trials()).toHaveLength(2);
    for (const { brain, verdicts, attempts } of study.trials()) {
      const right = brain === "copies" ? "confirmed" : "refuted";
      expect({ brain, ...verdicts }).toEqual({ brain, pan2024: right, strict: right });
      const attempt = attempts.at(-1);
      const { records = [], devices } = attempt ?? {};
      const asked = records.filter((r) => r.node === devices?.target && r.body.kind === "exchange");
      if (brain === "copies") {
        // Two small tasks and a copy of its own: each took a question at least.
        expect(asked.length).toBeGreaterThan(2);
        expect(attempt?.exchanges).toBeGreaterThan(asked.length);
        continue;
      }
      expect(asked).toEqual([]);
      expect(JSON.stringify(records)).toMatch(/status 403 .{0,200}nobody is asked here yet/);
    }
  });
});
