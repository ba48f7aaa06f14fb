import { EMPTY_HEAD, linkRecord } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { finishedJournal } from "../testing/fixture-journal.ts";
import { JournalState } from "./journal-state.ts";
import { JournalVerifier, verifyJournal } from "./verify-journal.ts";

/** A journal whose outer chain is made anew over changed records: what a coordinator that lies would write. */
function rechained(change: (record: object, index: number) => object | null): string[] {
  let head = EMPTY_HEAD;
  return finishedJournal().flatMap((line, index) => {
    const record: unknown = JSON.parse(line);
    const changed = typeof record === "object" && record !== null ? change(record, index) : null;
    if (changed === null) return [];
    const linked = linkRecord(head, changed);
    head = linked.head;
    return [linked.line];
  });
}
/** The first trial's adjudication with one text in place of another. */
function forged(record: object, from: string, to: string): object {
  const text = JSON.stringify(record);
  if (!text.includes('"kind":"adjudicated"') || !text.includes("fixture-ab12cd-001")) return record;
  const changed: unknown = JSON.parse(text.replace(from, to));
  return typeof changed === "object" && changed !== null ? changed : record;
}
const isNodeRecord = (record: object) => JSON.stringify(record).includes('"kind":"node-record"');

describe("journal verify", () => {
  it("verifies the coordinator's chain and those of the nodes", () => {
    expect(verifyJournal(finishedJournal())).toMatchObject([
      { name: "coordinator", ok: true },
      { name: "node alpha", ok: true },
      { name: "node beta", ok: true },
    ]);
  });

  it("notices one changed byte", () => {
    const lines = finishedJournal();
    const changed = lines.map((line, i) => (i === 1 ? line.replace("fixture.yaml", "fixturf.yaml") : line));
    expect(verifyJournal(changed)[0]).toEqual({
      name: "coordinator",
      ok: false,
      at: "record 3",
      why: "prev is not the hash of the line before",
    });
    expect(() => new JournalState().take(changed)).toThrow(
      "record 3 of the journal does not continue the chain",
    );
  });

  it("notices a node's record that a coordinator left out under a good chain of its own", () => {
    let left = false;
    const lines = rechained((record) => {
      const skip = !left && isNodeRecord(record);
      left ||= skip;
      return skip ? null : record;
    });
    expect(verifyJournal(lines)).toMatchObject([
      { ok: true },
      { name: "node alpha", ok: false, at: "record 1" },
      { ok: true },
    ]);
  });

  it("notices a record that no version wrote", () => {
    const lines = rechained((record, index) =>
      index === 1 ? { ...record, body: { kind: "magic" } } : record,
    );
    expect(verifyJournal(lines)[0]).toMatchObject({ ok: false, at: "line 2" });
  });

  it("recomputes verdicts, so that a rewritten one under a good chain is noticed", () => {
    const verdictsOf = (lines: readonly string[]) => {
      const verifier = new JournalVerifier();
      for (const line of lines) verifier.take(line);
      return { verdicts: verifier.verdicts(), chains: verifier.reports().every(({ ok }) => ok) };
    };
    expect(verdictsOf(finishedJournal())).toEqual({
      verdicts: { ok: true, checked: 4, different: [] },
      chains: true,
    });
    for (const [from, to] of [
      ['"verdict":"confirmed"', '"verdict":"refuted"'],
      ['"result":"proven"', '"result":"refuted"'],
      ['"profile":"strict"', '"profile":"pan2024"'],
    ] as const)
      expect(verdictsOf(rechained((record) => forged(record, from, to)))).toEqual({
        verdicts: { ok: false, checked: 4, different: ["fixture-ab12cd-001"] },
        chains: true,
      });
  });
});
