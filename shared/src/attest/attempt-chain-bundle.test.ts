import { describe, expect, it } from "vitest";
import { AttemptHeads } from "../journal/attempt-chain.ts";
import { EMPTY_HEAD, lineHash } from "../journal/chain.ts";
import { nodeRecordSchema } from "../journal/node-record.ts";
import { bundleText } from "./bundle.ts";
import { fixtureBundle } from "./bundle-fixture.ts";
import { verifyBundle } from "./verify-bundle.ts";

/** The lines as a node links them, with records of other attempts between them: no two are neighbours in the node's chain. */
function linked(lines: readonly string[]): string[] {
  const heads = new AttemptHeads();
  return lines.map((text, i) => {
    const record = nodeRecordSchema.parse(JSON.parse(text));
    if (record.key === undefined) return text;
    const { body, key, ...rest } = record;
    const line = JSON.stringify({
      ...rest,
      seq: 3 * i + 1,
      prev: EMPTY_HEAD.hash,
      key,
      chain: heads.next(key),
      body,
    });
    heads.moved(key, lineHash(line));
    return line;
  });
}

/** What comes of a bundle whose node signed exactly these lines: only their own chain can tell. */
const verified = (change: (lines: string[]) => string[]) => {
  const lines = (all: string[], node: string) => (node === "n1" ? change(linked(all)) : linked(all));
  return verifyBundle(Buffer.from(bundleText(fixtureBundle({ lines }))));
};

const renumbered = (lines: readonly string[]) =>
  lines.map((line, i) => line.replace(/"seq":\d+/, `"seq":${3 * i + 1}`));

describe("an attempt's own chain in a bundle", () => {
  it("holds where nothing was touched", () => {
    expect(verified((lines) => lines)).toMatchObject({ ok: true });
  });

  it.each<[string, (lines: string[]) => string[]]>([
    ["removed", (lines) => lines.toSpliced(1, 1)],
    ["added", (lines) => renumbered(lines.toSpliced(1, 0, lines[1] ?? ""))],
    ["changed", (lines) => lines.map((line, i) => (i === 1 ? line.replace('"turns":1', '"turns":2') : line))],
    ["swapped", (lines) => renumbered([lines[0] ?? "", lines[2] ?? "", lines[1] ?? "", ...lines.slice(3)])],
  ])("finds a record that was %s, although a seal covers the lines", (_, change) => {
    expect(verified(change)).toMatchObject({ ok: false, word: "attempt-chain" });
  });
});

describe("objects in a bundle", () => {
  it("are refused where no record names them", () => {
    const bundle = { ...fixtureBundle(), objects: { [lineHash("x")]: Buffer.from("x").toString("base64") } };
    expect(verifyBundle(Buffer.from(bundleText(bundle)))).toMatchObject({ ok: false, word: "object" });
  });
});
