import type { TrialView } from "@redline/shared";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { stubServer } from "../../../node-agent/dist/brains/stub-server.js";
import { OPENAI_WIRE, replies, type StubReply } from "../../../node-agent/dist/brains/stub-wire.js";
import { labOfFile } from "../kit/lab-of-file.ts";
import { nearServer } from "../kit/near-server.ts";
import { until } from "../kit/until.ts";

const questionSchema = z.looseObject({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.string() })),
});
type Question = z.infer<typeof questionSchema>;
const run = (command: string): StubReply => ({
  text: "",
  calls: [{ name: "run_command", arguments: JSON.stringify({ command }) }],
});
const FINISH: StubReply = { text: "", calls: [{ name: "finish", arguments: '{"message":"done"}' }] };
/** What the stub says that one of its answers used, prompt and completion. */
const TOKENS_AN_ANSWER = 18;

const turnOf = ({ messages }: Question) => messages.filter(({ role }) => role === "assistant").length;
const heard = ({ messages }: Question, text: string) =>
  messages.some(({ content }) => content.includes(text));
/** Does the commands one after the other, then finishes. */
const inTurn =
  (...commands: string[]) =>
  (question: Question): StubReply => {
    const command = commands[turnOf(question)];
    return command === undefined ? FINISH : run(command);
  };

/** Models of one server, by name. */
async function modelServer() {
  const asked = new Map<string, Question[]>();
  let released = false;
  const models: Readonly<Record<string, (question: Question) => StubReply>> = {
    chatty: () => run(":"),
    dear: () => run(":"),
    brief: inTurn(":"),
    asks: inTurn("echo ask-one", "echo ask-two"),
    denied: inTurn("echo deny-this"),
    halted: inTurn("echo halt-this"),
    hears: (question) => (heard(question, "Look up.") ? FINISH : run("sleep 0.2")),
    paused: () => (released ? FINISH : run("sleep 0.2")),
    stopped: () => run("sleep 0.2"),
  };
  const server = await stubServer((response, n, seen) => {
    const question = questionSchema.parse(seen.body);
    const { model } = question;
    asked.set(model, [...(asked.get(model) ?? []), question]);
    replies(OPENAI_WIRE, models[model]?.(question) ?? FINISH)(response, n, seen);
  });
  return {
    url: `${server.url}/v1`,
    asked: (model: string) => asked.get(model) ?? [],
    release: () => (released = true),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

interface StudyOptions {
  readonly name: string;
  readonly url: string;
  readonly models: readonly string[];
  readonly limits?: string;
  readonly extra?: string;
}
const studyOf = ({ name, url, models, limits = "", extra = "" }: StudyOptions) => `study: ${name}
specimens: { tiny: { path: specimens/tiny } }
brains:
${models.map((model) => `  ${model}: { provider: openai, baseUrl: "${url}", model: ${model} }`).join("\n")}
scenarios: [local-copy]
limits: { timeS: 240, turns: 500, settleS: 0, persistS: 1, scratchMiB: 64${limits} }
maxAttempts: 1
${extra}
`;

let server: Awaited<ReturnType<typeof modelServer>>;
let near: Awaited<ReturnType<typeof nearServer>>;
// Before the lab's own hooks, and so run after them.
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await near[Symbol.asyncDispose]();
});
const file = labOfFile(
  async (place) => {
    server = await modelServer();
    near = await nearServer();
    await place.specimen("tiny");
  },
  () => ({ args: ["--brain-url", server.url, "--brain-url", near.url] }),
);
beforeAll(async () => {
  // Two of its hosts take models.
  const tested = await file.lab.order("node", "selftest", "alpha", "beta");
  expect(tested.code, tested.stdout + tested.stderr).toBe(0);
});

const came = (trial: TrialView | undefined) => [trial?.attempts[0]?.runEnd, trial?.verdicts["strict"]];
const outputs = (trial: TrialView | undefined) =>
  (trial?.attempts[0]?.records ?? []).flatMap(({ body }) =>
    body.kind === "agent-event" && body.event["event"] === "result" ? [body.event["output"]] : [],
  );

describe("limits", () => {
  it("end an agent's answers at its tokens and at its cost, with a verdict", async () => {
    const study = await file.lab.begin(
      studyOf({
        ...{ name: "limits", url: server.url, models: ["chatty", "dear"] },
        limits: ", tokens: 50, costUsd: 0.3",
        extra: `prices:
  chatty: { promptUsdPerMTok: 0.1, completionUsdPerMTok: 0.1 }
  dear: { promptUsdPerMTok: 10000, completionUsdPerMTok: 10000 }`,
      }),
    );
    const ended = await study.process.ended;
    expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
    const [chatty, dear] = ["chatty", "dear"].map(study.trial);
    expect(came(chatty)).toEqual(["token-limit", "refuted"]);
    expect(came(dear)).toEqual(["cost-limit", "refuted"]);
    // The answer with which a limit is reached is the last one.
    expect(chatty?.attempts[0]).toMatchObject({ exchanges: 3, tokens: 3 * TOKENS_AN_ANSWER });
    expect(chatty?.attempts[0]?.runDetail).toBe("54 of 50 tokens");
    expect(dear?.attempts[0]?.exchanges).toBe(2);
    expect(dear?.attempts[0]?.costUsd).toBeCloseTo(0.36);
    expect(server.asked("dear")).toHaveLength(2);
  });

  it("of a whole study hold it until a person raises them; what begins later has the new ones", async () => {
    const study = await file.lab.begin(
      studyOf({
        ...{ name: "budget", url: server.url, models: ["brief"] },
        extra: `trialsPerArm: 5\nbudget: { tokens: ${TOKENS_AN_ANSWER} }`,
      }),
    );
    // Four slots: the fifth trial would begin when the first one's is free.
    await until(
      "all that runs has ended",
      () => {
        const states = study.trials().map(({ state }) => state);
        return states.filter((state) => state === "done").length === 4;
      },
      60_000,
    );
    expect(
      study
        .trials()
        .map(({ state }) => state)
        .toSorted(),
    ).toEqual([...["done", "done", "done", "done", "waiting"]]);
    expect(study.view()?.paused?.who).toBe("budget");
    await until("it says what to do", () =>
      /To raise it: .* study change budget-\S+ .*--budget tokens=\d+ /.test(study.process.stderr()),
    );
    const change = ["study", "change", "budget", "--why", "it is worth it"];
    expect(await file.lab.order(...change, "--limit", "turn=7")).toMatchObject({ code: 2 });
    const raised = await file.lab.order(...change, "--limit", "turns=7", "--budget", "tokens=100000");
    expect(raised).toMatchObject({ code: 0 });
    const ended = await study.process.ended;
    expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
    expect(
      study
        .trials()
        .map(({ attempts }) => attempts[0]?.orderedLimits.turns)
        .toSorted(),
    ).toEqual([...[500, 500, 500, 500, 7]]);
    expect(study.view()).toMatchObject({ paused: null, limits: { turns: 7 }, budget: { tokens: 100_000 } });
    expect(JSON.stringify(study.view()?.changes)).toContain("it is worth it");
  });
});

describe("people", () => {
  it("allow, deny, say, hold and stop, and the policy does without them; each trial says so", async () => {
    const models = ["paused", "hears", "asks", "stopped", "denied", "halted"];
    const study = await file.lab.begin(
      studyOf({
        ...{ name: "people", url: server.url, models },
        extra: `approvals:
  askS: 300
  rules:
    - { pattern: "echo ask-", do: ask }
    - { pattern: "echo deny-", do: deny }
    - { pattern: "echo halt-", do: stop }`,
      }),
    );
    const idOf = (brain: string) => study.trial(brain)?.trial ?? "";
    const goesOn = async (brain: string, more: number) => {
      const before = server.asked(brain).length;
      await until(`${brain} goes on`, () => server.asked(brain).length >= before + more, 60_000);
    };
    await goesOn("paused", 1);
    await goesOn("hears", 1);
    await goesOn("stopped", 1);

    // Held: the other agent is asked again and again meanwhile, this one never.
    expect(await file.lab.order("trial", "pause", idOf("paused"), "--why", "a look")).toMatchObject({
      code: 0,
    });
    await goesOn("hears", 2);
    const before = server.asked("paused").length;
    await goesOn("hears", 4);
    expect(server.asked("paused")).toHaveLength(before);
    expect(study.trial("paused")?.attempts[0]?.paused).toBe(true);
    server.release();
    expect(await file.lab.order("trial", "resume", idOf("paused"), "--why", "seen")).toMatchObject({
      code: 0,
    });

    const message = ["trial", "message", idOf("hears"), "Look up.", "--why", "to see"];
    expect(await file.lab.order(...message)).toMatchObject({ code: 0 });
    const stop = await file.lab.order("trial", "stop", idOf("stopped"), "--why", "enough of it");
    expect({ code: stop.code, stderr: stop.stderr }).toMatchObject({ code: 0 });

    for (const [word, answer] of [
      ["ask-one", "allow"],
      ["ask-two", "deny"],
    ] as const) {
      const listed = await until(
        `the question about ${word}`,
        async () => {
          const { stdout } = await file.lab.order("approval", "list");
          return stdout.includes(word) && stdout;
        },
        60_000,
      );
      expect(server.asked("asks")).toHaveLength(word === "ask-one" ? 1 : 2);
      const id = /^\S+\.q\d+/m.exec(listed)?.[0] ?? "";
      expect(await file.lab.order("approval", answer, id, "--why", "so")).toMatchObject({ code: 0 });
    }
    const ended = await study.process.ended;
    expect(Object.fromEntries(models.map((brain) => [brain, came(study.trial(brain))]))).toEqual({
      paused: ["finished", "refuted"],
      hears: ["finished", "refuted"],
      asks: ["finished", "refuted"],
      stopped: [null, undefined],
      denied: ["finished", "refuted"],
      halted: ["stopped-by-policy", "refuted"],
    });
    expect(study.trial("stopped")?.state).toBe("cancelled");
    // Allowed is done; denied and stopped is not, and the agent that was denied is told so.
    expect(outputs(study.trial("asks"))).toEqual(["ask-one\n"]);
    expect([...outputs(study.trial("denied")), ...outputs(study.trial("halted"))]).toEqual([]);
    for (const brain of ["asks", "denied"])
      expect(heard(server.asked(brain).at(-1) ?? { model: "", messages: [] }, "did not allow")).toBe(true);
    expect(server.asked("halted")).toHaveLength(1);
    // A person's denial and a person's words changed what the agent did; the policy's, and a pause, are the study's own.
    const interfered = models.filter((brain) => study.trial(brain)?.attempts[0]?.interfered.length !== 0);
    expect(interfered).toEqual(["hears", "asks"]);
    expect(ended.stdout.match(/\/(?:hears|asks)\/tiny .*1 interfered, beside the rate$/gm)).toHaveLength(2);
    // One of its trials was stopped by hand.
    expect(ended.code).toBe(130);
  });
});

describe("a model server of this machine", () => {
  it("is where a lab is led to, and no cell of it", async () => {
    const { url } = near;
    const study = await file.lab.begin(`study: near
specimens: { tiny: { path: specimens/tiny } }
brains:
  copies: { provider: openai, baseUrl: "${url}", model: copies }
  probes: { provider: openai, baseUrl: "${url}", model: probes }
scenarios: [local-copy]
limits: { timeS: 60, settleS: 2, persistS: 1, scratchMiB: 64 }
`);
    const ended = await study.process.ended;
    expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
    expect(study.trials().map((t) => [t.brain, t.state, t.verdicts["strict"]])).toEqual([
      ["copies", "done", "confirmed"],
      ["probes", "done", "refuted"],
    ]);
    expect(near.asked.filter((model) => model === "copies").length).toBeGreaterThan(1);
    // The daemon that led the trial asked the server all the while; the cell beside it found nobody anywhere.
    const [heard = ""] = near.heard;
    expect(heard).toContain("shut 127.0.0.1");
    expect(heard).toContain("probed");
    expect(heard).not.toContain("open ");
  });
});
