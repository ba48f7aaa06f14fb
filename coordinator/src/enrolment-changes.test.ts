import { coordinatorRecordSchema, nodeIdSchema, type NodeId } from "@redline/shared";
import { pino } from "pino";
import { expect, it } from "vitest";
import { followEnrolment } from "./enrolment-changes.ts";
import type { EnrolmentChange } from "./enrolment.ts";
import { AT, inventoryOf, JournalFixture } from "./projection-fixture.ts";

const [N1, N2] = [nodeIdSchema.parse("n1"), nodeIdSchema.parse("n2")];

/** Two nodes that joined before, and what was done about them. */
function bench() {
  const { state } = new JournalFixture()
    .apply({ kind: "node-seen", inventory: inventoryOf("n1") })
    .apply({ kind: "node-seen", inventory: inventoryOf("n2") });
  const done: string[] = [];
  const note = (what: string) => {
    done.push(what);
    return Promise.resolve();
  };
  let enrolled: ReadonlySet<NodeId> = new Set([N1, N2]);
  let listener: (change: EnrolmentChange) => void = () => undefined;
  let seq = 10;
  const end = new AbortController();
  const over = followEnrolment(
    {
      enrolment: {
        nodes: () => [...enrolled],
        set: () => enrolled,
        onChange: (given) => {
          listener = given;
          return () => undefined;
        },
      },
      store: {
        state,
        commit: async (body) => {
          await note(body.kind === "node-gone" ? `gone ${body.node}` : body.kind);
          const head = { v: 1, seq: (seq += 1), prev: "0".repeat(64), at: AT, monoMs: 0 };
          return coordinatorRecordSchema.parse({ ...head, body });
        },
      },
      book: { forget: () => undefined },
      dispatcher: { tell: () => undefined },
      jsm: {
        consumers: { delete: (_stream: string, name: string) => note(`delete ${name}`).then(() => true) },
      },
      layout: (nodes) => note(`layout ${nodes.join(" ")}`),
      wake: () => undefined,
      log: pino({ level: "silent" }),
    },
    end.signal,
  );
  const change = (added: NodeId[], removed: NodeId[]) => {
    enrolled = new Set([...[...enrolled].filter((node) => !removed.includes(node)), ...added]);
    listener({ added, removed });
  };
  return { done, change, end: () => (end.abort(), over) };
}

it("leaves a node alone that was removed and added again before anything was done", async () => {
  const { done, change, end } = bench();
  change([], [N1, N2]);
  change([N1], []);
  await expect.poll(() => done, { timeout: 5000 }).toEqual(["layout n1", "gone n2", "delete n-n2"]);
  await end();
});
