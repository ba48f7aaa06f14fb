import { expect, it } from "vitest";
import { instrumentsFixture, noAnswer } from "../challenge/instruments-fixture.ts";
import type { Call } from "../challenge/instruments.ts";
import { cellFixture } from "../cell/cell-fixture.ts";
import { AgentLine } from "./agent-line.ts";

const ports = { model: 8760, agent: 8001 };
const cell = cellFixture();

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
