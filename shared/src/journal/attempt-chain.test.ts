import { describe, expect, it } from "vitest";
import { attemptKeySchema } from "../ids.ts";
import { AttemptChains, AttemptChainVerifier, AttemptHeads, type AttemptLink } from "./attempt-chain.ts";
import { lineHash } from "./chain.ts";

const key = attemptKeySchema.parse({ trial: "s-0001-001", attempt: 1, epoch: 1 });

/** Lines of one attempt, as a node links them. */
function linked(count: number): { line: string; link: AttemptLink }[] {
  const heads = new AttemptHeads();
  return Array.from({ length: count }, (_, i) => {
    const link = heads.next(key);
    const line = JSON.stringify({ i, link });
    heads.moved(key, lineHash(line));
    return { line, link };
  });
}

const firstBreak = (records: readonly { line: string; link: AttemptLink | undefined }[]) => {
  const chain = new AttemptChainVerifier();
  for (const { line, link } of records) chain.take(line, link);
  return chain.broken;
};

describe("an attempt's own chain", () => {
  it("holds from its first record on", () => {
    const records = linked(4);
    expect(records.map(({ link }) => link.n)).toEqual([1, 2, 3, 4]);
    expect(records[0]?.link.prev).toBe("0".repeat(64));
    expect(firstBreak(records)).toBeNull();
  });

  it.each<
    [string, (r: ReturnType<typeof linked>) => { line: string; link: AttemptLink | undefined }[], RegExp]
  >([
    ["removed", (r) => r.toSpliced(1, 1), /number 3 of the attempt and stands after number 1/],
    ["removed at its beginning", (r) => r.slice(1), /number 2 of the attempt and stands after number 0/],
    [
      "added",
      (r) => r.toSpliced(2, 0, ...r.slice(1, 2)),
      /number 2 of the attempt and stands after number 2/,
    ],
    [
      "changed",
      (r) => r.map((one, i) => (i === 1 ? { ...one, line: `${one.line} ` } : one)),
      /does not link to the attempt's record before it/,
    ],
    [
      "swapped",
      (r) => [...r.slice(0, 1), ...r.slice(1, 3).reverse(), ...r.slice(3)],
      /number 3 .* after number 1/,
    ],
    [
      "stripped of its link",
      (r) => r.map((one, i) => (i === 2 ? { ...one, link: undefined } : one)),
      /has no place/,
    ],
  ])("says where a record was %s", (_, change, why) => {
    expect(firstBreak(change(linked(4)))).toMatch(why);
  });

  it("goes on over records of a daemon that did not link them", () => {
    const heads = new AttemptHeads();
    heads.moved(key, lineHash("old"));
    expect(
      firstBreak([
        { line: "old", link: undefined },
        { line: "new", link: heads.next(key) },
      ]),
    ).toBeNull();
  });

  it("keeps attempts and nodes apart, and forgets the quietest ones only", () => {
    const chains = new AttemptChains(2);
    const [first, second] = linked(2);
    if (first === undefined || second === undefined) throw new Error("two were made");
    expect(chains.take("n1", key, first.link, first.line)).toBeNull();
    expect(chains.take("n2", key, first.link, first.line)).toBeNull();
    expect(chains.take("n1", key, second.link, second.line)).toBeNull();
    expect(chains.take("n1", { ...key, attempt: 2 }, second.link, second.line)).toMatch(/number 2/);
    // n2's was forgotten: nothing can be said of what comes now.
    expect(chains.take("n2", key, second.link, second.line)).toBeNull();
  });
});
