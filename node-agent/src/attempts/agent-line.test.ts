import { expect, it } from "vitest";
import { instrumentsFixture, noAnswer } from "../challenge/instruments-fixture.ts";
import type { Call } from "../challenge/instruments.ts";
import type { Cell } from "../cell/cell.ts";
import { AgentLine } from "./agent-line.ts";

const ports = { model: 8760, agent: 8001 };
const cell: Cell = {
  ...{ id: "c", initPid: 1, netns: "1", pidns: "2", address: "10.88.0.2", sshPort: 2222, hostKey: "" },
  ...{ hostAddress: "10.88.0.1", facts: {}, died: new Promise(() => undefined), log: () => "" },
  empty: () => Promise.resolve(0),
  limitsHit: () => Promise.resolve({}),
  drops: () => Promise.resolve({ packets: 0, bytes: 0, kinds: {}, tried: [] }),
  setLink: () => Promise.resolve({ verified: true, tookMs: 0 }),
  destroy: () => Promise.reject(new Error("not in this test")),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

it("puts a message to the agent's own API, and says why it was not taken", async () => {
  const calls: Call[] = [];
  let status = 202;
  const instruments = instrumentsFixture({
    call: (_cell, call) => {
      calls.push(call);
      return Promise.resolve({
        ...noAnswer("health", call.port.port),
        status,
        error: status === 0 ? "refused" : "",
      });
    },
  });
  const line = new AgentLine(instruments, { ports }, new AbortController().signal);
  await expect(line.deliver("early")).rejects.toThrow("does not run");
  line.lead(cell);
  await line.deliver("Stop here.");
  expect(calls).toMatchObject([{ port: { port: 8001 }, path: "/message", json: { text: "Stop here." } }]);
  status = 404;
  await expect(line.deliver("again")).rejects.toThrow("HTTP status 404");
  status = 0;
  await expect(line.deliver("again")).rejects.toThrow("refused");
  line.lead(null);
  await expect(line.deliver("late")).rejects.toThrow("does not run");
});
