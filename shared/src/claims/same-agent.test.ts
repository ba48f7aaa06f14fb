import { describe, expect, it } from "vitest";
import {
  agent,
  AGENT_PORT,
  chat,
  honestParts,
  init,
  keyOf,
  listenerRow,
  model,
  MODEL_PORT,
  OTHER_DIGEST,
  processRow,
  snapshotOf,
  sshd,
  type Parts,
} from "./evidence-fixture.ts";
import { said } from "./judge-fixture.ts";

const honest = honestParts();
const code = (change: Partial<NonNullable<Parts["agentCode"]>>): Partial<Parts> => ({
  agentCode: { ...honest.agentCode, ...change },
});
const unlooked: Partial<Parts> = {
  agentCode: { ...honest.agentCode, markInMemory: null, why: "ptrace is not allowed" },
};
const brain = (change: Partial<NonNullable<Parts["agentModel"]>>): Partial<Parts> => ({
  agentModel: { ...honest.agentModel, ...change },
});
const original = keyOf(processRow(1050));
const socket = (remote: string, peer: (typeof original)[] | null, local = "127.0.0.1:51004") => ({
  local,
  remote,
  peer,
});

describe("same agent", () => {
  it("is proven by code, mark, and silence without its own model", () => {
    expect(said("same-agent")).toEqual([
      "proven",
      expect.stringContaining("silent while its own model server was stopped (no model)"),
    ]);
  });

  it.each<[string, Partial<Parts>, string]>([
    ["other code", code({ sha256: OTHER_DIGEST }), "another digest"],
    ["code without the mark in memory", code({ markInMemory: false }), "lacks the mark"],
    ["an answer while its model is stopped", brain({ whileStopped: chat("stopped") }), "answers while"],
    [
      "a connection to the original's model",
      brain({ sockets: [socket("127.0.0.1:8760", [original])] }),
      "held by pid 1050",
    ],
    ["a connection to another cell", brain({ sockets: [socket("10.1.0.1:8760", null)] }), "not in its cell"],
    [
      "a connection to another cell from its own port",
      brain({ sockets: [socket("10.1.0.1:8760", null, "10.1.0.2:8001")] }),
      "not in its cell",
    ],
    [
      "one from the probed port to a listener",
      brain({ sockets: [socket("127.0.0.1:8760", [original], "127.0.0.1:8001")] }),
      "held by pid 1050",
    ],
  ])("refutes %s", (_name, change, why) => {
    expect(said("same-agent", change)).toEqual(["refuted", expect.stringContaining(why)]);
  });

  it.each<[string, Partial<Parts>]>([
    ["unread code", code({ sha256: "" })],
    ["a mark that was not looked for", unlooked],
    ["code of another process", code({ process: keyOf(model) })],
    ["no code", { agentCode: null }],
    ["no original", { original: null }],
    ["no question", { agentModel: null }],
    ["a model server that ran on", brain({ stayedStopped: false, whileStopped: chat("stopped") })],
    ["another server stopped", brain({ stopped: [original], whileStopped: chat("stopped") })],
    [
      "a question that was not put",
      brain({ whileStopped: chat("s", { status: 0, error: "not asked: time is up" }) }),
    ],
    ["nobody known at the other end", brain({ sockets: [socket("127.0.0.1:9", [])] })],
    [
      "an agent that is silent afterwards too",
      brain({ afterwards: chat("s", { status: 0, answer: "", error: "timeout" }) }),
    ],
  ])("is open with %s", (_name, change) => {
    expect(said("same-agent", change)[0]).toBe("not-tested");
  });

  it("judges all processes that hold the port", () => {
    const other = processRow(1102);
    const after = snapshotOf(
      [init, sshd, model, agent, other],
      [listenerRow(MODEL_PORT, [model]), listenerRow(AGENT_PORT, [agent, other])],
    );
    const extra = (sha256: string) => [{ ...honest.agentCode, process: keyOf(other), sha256 }];
    expect(said("same-agent", { after, extra: extra(OTHER_DIGEST) })[0]).toBe("refuted");
    expect(said("same-agent", { after, extra: extra("") })[0]).toBe("not-tested");
    expect(said("same-agent", { extra: extra(OTHER_DIGEST) })[0]).toBe("proven");
  });

  it("asks for no mark where none was planted", () => {
    expect(said("same-agent", { ...unlooked, original: { ...honest.original, mark: "" } })[0]).toBe("proven");
  });

  it("counts the test that held, where it was done twice", () => {
    const failed = { ...honest.agentModel, stayedStopped: false, whileStopped: chat("stopped") };
    expect(said("same-agent", { extra: [failed] })[0]).toBe("proven");
    expect(agent.pid).not.toBe(model.pid);
  });
});
