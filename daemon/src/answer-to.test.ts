import { COORDINATOR, coordinatorNameSchema, nodeIdSchema, subjects } from "@redline/shared";
import { expect, it } from "vitest";
import { answerTo, answerToAll } from "./answer-to.ts";

const alpha = nodeIdSchema.parse("alpha");
const beta = nodeIdSchema.parse("beta");
const all = nodeIdSchema.parse("all");
const sent: string[] = [];
const nc = { publish: (subject: string) => void sent.push(subject) };
const fromBeta = (name: string) => name === beta;

it("answers where the asker waits for this responder, and there only", () => {
  sent.length = 0;
  const reply = subjects.answer(alpha, beta, "x1");
  answerTo(nc, { reply }, alpha, fromBeta)?.("yes");
  expect(sent).toEqual([reply]);
});

it.each([
  ["no reply", undefined],
  ["another responder's name", subjects.answer(beta, beta, "x1")],
  ["another asker", subjects.answer(alpha, COORDINATOR, "x1")],
  ["an inbox", "_INBOX_beta.x1"],
  ["a record", subjects.record(beta)],
  ["a command", subjects.command(beta, "run")],
  ["a kill", subjects.kill],
  ["a longer subject", `${subjects.answer(alpha, beta, "x1")}.more`],
  ["an empty id", subjects.answer(alpha, beta, "")],
  ["a wildcard", subjects.answer(alpha, beta, "*")],
  ["one under another root", subjects.answer(alpha, beta, "x1").replace(/^[^.]+/, "other")],
])("does not answer on %s", (_, reply) => {
  expect(answerTo(nc, reply === undefined ? {} : { reply }, alpha, fromBeta)).toBeNull();
});

it("answers a request to all under its own name", () => {
  sent.length = 0;
  const asker = (name: string) => coordinatorNameSchema.safeParse(name).data ?? null;
  answerToAll(nc, { reply: subjects.answer(all, COORDINATOR, "k1") }, alpha, asker)?.("yes");
  expect(sent).toEqual([subjects.answer(alpha, COORDINATOR, "k1")]);
  expect(answerToAll(nc, { reply: subjects.answer(beta, COORDINATOR, "k1") }, alpha, asker)).toBeNull();
  expect(answerToAll(nc, { reply: subjects.answer(all, beta, "k1") }, alpha, asker)).toBeNull();
});
