import { nodeIdSchema, runOrderSchema, type NodeRecordBody } from "@redline/shared";
import { describe, expect, it } from "vitest";
import type { BrokerCounts } from "../brains/broker-counts.ts";
import type { StreamEnd } from "../ssh/stream.ts";
import { AttemptFault } from "./attempt-fault.ts";
import { runAgent, type AgentRun } from "./run-agent.ts";
import { scenarioFixture } from "./scenario-fixture.ts";

const COUNTS: BrokerCounts = {
  ...{ requests: 3, refused: 0, answered: 3, failed: 0, unreachable: false, unmetered: 0 },
  ...{ promptTokens: 40, completionTokens: 2, costUsd: null, waitedMs: 0, heldMs: 0 },
  ...{ over: null, changedModel: null },
};
const EXITED: StreamEnd = { end: "exited", code: 0, signal: null };
const said = (...events: object[]) => events.map((event) => Buffer.from(`${JSON.stringify(event)}\n`));
const finished = (reason: string) => said({ event: "turn", turn: 1 }, { event: "finished", reason });

interface Case {
  readonly limits?: object;
  readonly counts?: Partial<BrokerCounts> | (() => Partial<BrokerCounts>);
  readonly output?: readonly Buffer[];
  /** Absent: it goes on until somebody ends it. */
  readonly ends?: StreamEnd;
  readonly more?: Partial<AgentRun>;
}

/** An agent that is a list of lines; what came of its run. */
async function run({ limits = {}, counts = {}, output = [], ends, more = {} }: Case) {
  const written: NodeRecordBody[] = [];
  const killed: string[] = [];
  let kill: () => void = () => undefined;
  const over = new Promise<StreamEnd>((resolve) => {
    kill = () => resolve({ end: "killed", code: null, signal: null });
    if (ends !== undefined) resolve(ends);
  });
  async function* stdout(): AsyncGenerator<Buffer> {
    yield* output;
    await over;
  }
  const order = runOrderSchema.parse({
    verb: "run",
    study: "s-1",
    key: { trial: "s-1-001", attempt: 1, epoch: 1 },
    ...scenarioFixture("local-copy"),
    specimen: { name: "tiny", sha256: "a".repeat(64) },
    brain: { provider: "self" },
    brainName: "self",
    devices: { origin: "n1", target: "n1" },
    limits,
  });
  const context = {
    order,
    signal: new AbortController().signal,
    log: {
      node: nodeIdSchema.parse("n1"),
      write: (body: NodeRecordBody) => Promise.resolve(written.push(body)),
    },
  };
  await runAgent(context, {
    session: {
      stream: () =>
        Promise.resolve({
          stdout: stdout(),
          stderrTail: () => "its last words",
          done: over,
          kill: () => kill(),
        }),
    },
    specimen: { agent: "agent.mjs", ports: { model: 8760, agent: 8001 } },
    broker: {
      get counts() {
        return { ...COUNTS, ...(typeof counts === "function" ? counts() : counts) };
      },
    },
    lifelines: { broken: new Promise(() => undefined), endedByAgent: false, throwIfBroken: () => undefined },
    process: {
      find: () => true,
      signal: (name) => {
        killed.push(name);
        return true;
      },
    },
    stopDueMs: () => null,
    onClock: () => undefined,
    endedItsChannel: () => Promise.resolve(null),
    endedItsBrain: () => false,
    ...more,
  });
  const ended = written.find((body) => body.kind === "run-ended");
  return { end: ended?.end, detail: ended?.detail ?? "", turns: ended?.turns, tokens: ended?.tokens, killed };
}
const faultOf = (given: Case) =>
  run(given).then(
    ({ end }) => end,
    (error: unknown) => (error instanceof AttemptFault ? `fault ${error.fault}` : String(error)),
  );

describe("how an agent's run ends by itself", () => {
  it.each([
    ["finish", "finished"],
    ["answered", "answered"],
    ["max_turns", "turn-limit"],
    ["no_tool_call", "no-tool-call"],
    ["bad_answers", "agent-error"],
    ["brain_failed", "agent-error"],
    ["made up", "agent-error"],
  ])("%s", async (reason, end) => {
    const ended = await run({ output: finished(reason), ends: EXITED });
    expect(ended).toMatchObject({ end, turns: 1, tokens: 42, killed: [] });
  });

  it("without a word it crashed, and its last words are told", async () => {
    const { end, detail } = await run({ ends: { end: "exited", code: 7, signal: null } });
    expect([end, detail]).toEqual(["agent-crashed", "exit 7: its last words"]);
  });

  it("finished stands though its tokens are used up; an error then is the limit's", async () => {
    const counts = { over: "tokens", refused: 1 } as const;
    const limits = { tokens: 10 };
    const error = { output: finished("brain_failed"), ends: EXITED, counts, limits };
    expect(await run(error)).toMatchObject({ end: "token-limit", detail: "42 of 10 tokens" });
    expect((await run({ ...error, output: finished("finish") })).end).toBe("finished");
  });
});

describe("how the daemon ends an agent's run", () => {
  it("at its time, also where the channel goes through a cell that does not let it go", async () => {
    const { end, killed } = await run({ limits: { timeS: 1 } });
    expect([end, killed]).toEqual(["time-limit", ["SIGKILL"]]);
  });

  it("counts no time in which people held it, and none of waiting as work", async () => {
    const hour = { heldMs: 3_600_000, waitedMs: 3_600_000 };
    const done = { output: finished("finish"), ends: EXITED, limits: { timeS: 1, workingS: 1 } };
    expect((await run({ ...done, counts: hour })).end).toBe("finished");
    const started = performance.now();
    // Held for all but the last second of three.
    const held = () => ({ heldMs: Math.min(500, performance.now() - started), waitedMs: 0 });
    expect((await run({ limits: { timeS: 1 }, counts: held })).end).toBe("time-limit");
    expect(performance.now() - started).toBeGreaterThan(1400);
    const waiting = { counts: { waitedMs: 500 }, limits: { timeS: 1, workingS: 1 } };
    expect((await run(waiting)).end).toBe("time-limit");
    expect((await run({ limits: { timeS: 60, workingS: 1 } })).end).toBe("working-limit");
  });

  it.each([
    ["tokens", "token-limit"],
    ["cost", "cost-limit"],
    ["context", "context-limit"],
    ["policy", "stopped-by-policy"],
  ] as const)("when %s ends the brain's answers", async (over, end) => {
    expect(await run({ counts: { over } })).toMatchObject({ end, killed: ["SIGKILL"] });
  });

  it("when the stop of a notice is due", async () => {
    expect((await run({ more: { stopDueMs: () => 100 } })).end).toBe("shut-down");
  });

  it("when it writes too much", async () => {
    const output = said({ event: "note", text: "x".repeat(3000) });
    expect(await run({ output, limits: { outputBytes: 1024 } })).toMatchObject({
      end: "output-limit",
      detail: "more than 1024 bytes or 800 events",
    });
  });

  it("when it tells of more than its turns can have", async () => {
    const output = said(...Array.from({ length: 900 }, () => ({ event: "" })));
    expect(await run({ output })).toMatchObject({ end: "output-limit" });
    expect(await run({ output, limits: { turns: 100 }, ends: EXITED })).not.toMatchObject({
      end: "output-limit",
    });
  });
});

describe("what is no outcome of the agent", () => {
  it("a brain that nobody reaches, whatever ended the run", async () => {
    const counts = { unreachable: true };
    expect(await faultOf({ counts, ends: EXITED })).toBe("fault brain-unreachable");
    expect(await faultOf({ counts, limits: { timeS: 1 } })).toBe("fault brain-unreachable");
    expect(await faultOf({ counts, output: finished("finish"), ends: EXITED })).toBe("finished");
  });

  it("a brain that never answered, though something is there; refused later, it is the agent's", async () => {
    const output = finished("brain_failed");
    const counts = { answered: 0, failed: 3 };
    expect(await faultOf({ counts, output, ends: EXITED })).toBe("fault brain-unreachable");
    expect(await faultOf({ counts, limits: { timeS: 1 } })).toBe("fault brain-unreachable");
    expect(await faultOf({ counts: { ...counts, answered: 1 }, output, ends: EXITED })).toBe("agent-error");
    expect(await faultOf({ counts: { ...counts, over: "context" }, output, ends: EXITED })).toBe(
      "context-limit",
    );
  });

  it("unless it was the original itself and the agent has ended it", async () => {
    const counts = { unreachable: true };
    const more = { endedItsBrain: () => true };
    const { end, detail } = await run({ counts, more, output: finished("brain_failed"), ends: EXITED });
    expect(end).toBe("agent-error");
    expect(detail).toContain("had ended");
  });

  it("a brain that became another, even where the agent finished", async () => {
    const counts = { changedModel: { from: "a", to: "b" } };
    expect(await faultOf({ counts, output: finished("finish"), ends: EXITED })).toBe("fault brain-changed");
    expect(await faultOf({ counts })).toBe("fault brain-changed");
  });

  it("a lost channel, unless it is seen that the agent did it; it is ended then", async () => {
    const ends: StreamEnd = { end: "lost", code: null, signal: null };
    expect(await faultOf({ ends })).toBe("fault ssh-failed");
    const stopped = { endedItsChannel: () => Promise.resolve("sshd was made to stand still") };
    const { end, detail, killed } = await run({ ends, more: stopped });
    expect([end, detail, killed]).toEqual(["agent-crashed", "sshd was made to stand still", ["SIGKILL"]]);
  });

  it("but an agent that ended its cell did so", async () => {
    const lifelines = { broken: Promise.resolve(), endedByAgent: true, throwIfBroken: () => undefined };
    expect(await faultOf({ more: { lifelines } })).toBe("ended-its-cell");
  });
});
