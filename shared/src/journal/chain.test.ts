import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { CHAIN_START, ChainVerifier, EMPTY_HEAD, lineHash, linkRecord, verifyChain } from "./chain.ts";

function chainOf(...texts: string[]): string[] {
  let head = EMPTY_HEAD;
  return texts.map((text) => {
    const linked = linkRecord(head, { text });
    head = linked.head;
    return linked.line;
  });
}
const lines = chainOf("a", "b", "c", "d");
const at = (i: number) => lines[i] ?? "";

describe("chain", () => {
  it("links each record to the bytes of the line before", () => {
    expect(JSON.parse(at(0))).toEqual({ text: "a", seq: 1, prev: CHAIN_START });
    const prev = createHash("sha256").update(at(0)).digest("hex");
    expect(JSON.parse(at(1))).toEqual({ text: "b", seq: 2, prev });
    expect(lineHash("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  it("overrides a seq and prev that a record brings itself", () => {
    const { record } = linkRecord({ seq: 7, hash: "f".repeat(64) }, { seq: 1, prev: "x", text: "a" });
    expect(record).toEqual({ seq: 8, prev: "f".repeat(64), text: "a" });
  });

  it("verifies whole chains, and gives their head", () => {
    expect(verifyChain([])).toEqual({ ok: true, head: EMPTY_HEAD });
    expect(verifyChain(lines)).toEqual({ ok: true, head: { seq: 4, hash: lineHash(at(3)) } });
  });

  it("verifies line by line, and stays broken at the line that broke it", () => {
    const chain = new ChainVerifier();
    expect(chain.take(at(0))).toEqual({ ok: true, head: { seq: 1, hash: lineHash(at(0)) } });
    const broken = { ok: false, line: 2, why: "seq 3 after 1" };
    expect(chain.take(at(2))).toEqual(broken);
    expect(chain.take(at(1))).toEqual(broken);
    expect(chain.check).toEqual(broken);
    expect(chain.head.seq).toBe(1);
  });

  it.each<[string, string[], number, string]>([
    [
      "a changed record",
      [at(0), at(1).replace('"b"', '"x"'), at(2)],
      3,
      "prev is not the hash of the line before",
    ],
    ["an added space", [at(0).replace(",", ", "), at(1)], 2, "prev is not the hash of the line before"],
    ["a missing record", [at(0), at(2)], 2, "seq 3 after 1"],
    ["a missing start", [at(1)], 1, "seq 2 after 0"],
    ["a doubled record", [at(0), at(0)], 2, "seq 1 after 1"],
    ["another order", [at(0), at(2), at(1)], 2, "seq 3 after 1"],
    [
      "another chain's record",
      [at(0), chainOf("z", "b")[1] ?? ""],
      2,
      "prev is not the hash of the line before",
    ],
    ["a cut line", [at(0), at(1).slice(0, -2)], 2, "not JSON"],
    ["a line without a seq", ['{"prev":"0"}'], 1, "no seq or prev"],
    ["a line that is no object", ["null"], 1, "no seq or prev"],
  ])("finds %s", (_name, broken, line, why) => {
    expect(verifyChain(broken)).toEqual({ ok: false, line, why });
  });
});
