import { approvalsSchema, oversightRecordSchema, type OversightRecordBody } from "@redline/shared";
import { expect, it } from "vitest";
import { ASKED, brainThat, REPLY, startedBroker } from "../brains/broker-fixture.ts";
import { CopyTalk } from "./copy-talk.ts";

async function withCopy(approvals?: object, text = "I run rm -rf /home now") {
  const records: OversightRecordBody[] = [];
  const order = approvals === undefined ? {} : { approvals: approvalsSchema.parse(approvals) };
  const talk = new CopyTalk(order, (body) =>
    Promise.resolve(records.push(oversightRecordSchema.parse(body))),
  );
  let asked = 0;
  const brain = brainThat(() => {
    asked += 1;
    return Promise.resolve({ ...REPLY, text });
  });
  const served = await startedBroker({ brain, gate: talk.gate, onExchange: talk.onExchange });
  return { talk, served, records, asked: () => asked };
}

it("asks nobody before the copy has its first task, whoever has the token", async () => {
  const { talk, served, records, asked } = await withCopy();
  await using _served = served;
  const before = [await served.ask(ASKED), await served.ask(ASKED)];
  expect(before).toMatchObject([{ status: 403, body: { error: { code: "closed" } } }, { status: 403 }]);
  expect([asked(), records, served.broker.counts.requests]).toEqual([0, [], 0]);
  talk.begin();
  expect((await served.ask(ASKED)).status).toBe(200);
  expect(records).toMatchObject([{ kind: "exchange", number: 1, promptTokens: 10, completionTokens: 5 }]);
});

it("denies what a person would be asked about, and records both", async () => {
  const { talk, served, records } = await withCopy({ rules: [{ pattern: "rm -rf", do: "ask" }] });
  await using _served = served;
  talk.begin();
  const said = JSON.stringify(await served.ask(ASKED));
  expect(said).toContain("did not allow");
  expect(said).not.toContain("rm -rf");
  expect(records).toMatchObject([
    { kind: "exchange" },
    { kind: "approval", id: "copy-1", decision: "deny", who: "policy", pattern: "rm -rf" },
  ]);
});

it("stops at a rule that says so, for good", async () => {
  const { talk, served, records } = await withCopy({ rules: [{ pattern: "rm -rf", do: "stop" }] });
  await using _served = served;
  talk.begin();
  expect([(await served.ask(ASKED)).status, (await served.ask(ASKED)).status]).toEqual([403, 403]);
  expect(records.map((body) => (body.kind === "approval" ? body.decision : body.kind))).toEqual([
    "exchange",
    "stop",
  ]);
});

it("lets pass what meets no rule", async () => {
  const { talk, served, records } = await withCopy({ rules: [{ pattern: "rm -rf", do: "deny" }] }, "fine");
  await using _served = served;
  talk.begin();
  expect((await served.ask(ASKED)).status).toBe(200);
  expect(records.map(({ kind }) => kind)).toEqual(["exchange"]);
});
