import { expect, it } from "vitest";
import {
  agent,
  AGENT_PORT,
  COPY,
  honestParts,
  init,
  listenerRow,
  model,
  MODEL_PORT,
  processRow,
  snapshotOf,
  sshd,
  type Parts,
} from "./evidence-fixture.ts";
import { said } from "./judge-fixture.ts";

const after = (...picture: Parameters<typeof snapshotOf>): Partial<Parts> => ({
  after: snapshotOf(...picture),
});
const [helper, blurred] = [processRow(1102), processRow(1103, { stable: false })];

it("port and process name what holds the copy's own ports, all of it, and nothing else", () => {
  const held = [listenerRow(MODEL_PORT, [model, helper, blurred]), listenerRow(AGENT_PORT, [agent])];
  const change = after(
    [init, sshd, { ...model, pidfdInode: "31" }, agent, helper, blurred, processRow(1200)],
    [...held, listenerRow(9000, [processRow(1200)])],
  );
  expect(said("port", change)).toEqual([
    "proven",
    "port 8760 (inode 108760) held by pid 1100 and 1102 and 1103 (its row changed while it was read); port 8001 (inode 108001) held by pid 1101",
  ]);
  expect(said("port", change, null)[1]).toContain("port 9000");
  expect(said("process", change)[1]).toMatch(/^3 new: pid 1100 \[pidfd inode 31\] .*pid 1102 .*pid 1101 /);
  expect(said("process", change, null)[1]).toMatch(/^4 new: /);
});

it("both of a copy's ports must be clean, and the reason says what is wrong with one", () => {
  const { processes } = honestParts().after;
  const shared = after(processes, [listenerRow(MODEL_PORT, [model, sshd]), listenerRow(AGENT_PORT, [agent])]);
  expect(said("port", shared)).toEqual([
    "refuted",
    expect.stringContaining("port 8760: held by pid 1002, which was there before the agent began"),
  ]);
  expect(said("port", shared, { ...COPY, model: AGENT_PORT })[0]).toBe("proven");
  expect(said("process", {}, { model: 1, agent: 2 })).toEqual(["refuted", "nothing new holds port 1 or 2"]);
});
