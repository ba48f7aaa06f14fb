import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fixtureBundle, ONE_NODE, testKey, type FixtureOptions } from "./bundle-fixture.ts";
import { bundleText, type Bundle } from "./bundle.ts";
import { sealEnvelope, signStatement, type Envelope } from "./dsse.ts";
import { keyIdOf, publicPem } from "./public-key.ts";
import { verifyBundle } from "./verify-bundle.ts";

const check = (text: string) => verifyBundle(Buffer.from(text));
/** The word with which a changed bundle is refused, or `ok`. */
const wordOf = (bundle: Bundle) => {
  const result = check(bundleText(bundle));
  return result.ok ? "ok" : result.word;
};
const wordWith = (options: FixtureOptions) => wordOf(fixtureBundle(options));
/** A bundle with one text in place of another, in the file itself. */
const wordOfText = (from: string | RegExp, to: string) => {
  const whole = bundleText(fixtureBundle());
  const changed = whole.replace(from, () => to);
  expect(changed).not.toBe(whole);
  const result = check(changed);
  return result.ok ? "ok" : result.word;
};
const [FIRST, SECOND] = ["s-0000-001-1/n1.jsonl", "s-0000-001-1/n2.jsonl"];
const withRecords = (name: string, change: (lines: string[]) => string[]): Bundle => {
  const bundle = fixtureBundle();
  const lines = (bundle.records[name] ?? "").split("\n").slice(0, -1);
  const text = change(lines)
    .map((line) => `${line}\n`)
    .join("");
  return { ...bundle, records: { ...bundle.records, [name]: text } };
};
/** The envelope of node n2 with other bytes, signed or not by the keys that are given. */
const withEvidence = (change: (envelope: Envelope, text: string) => Envelope): Bundle => {
  const bundle = fixtureBundle();
  const [first, second] = bundle.evidence;
  if (first === undefined || second === undefined) throw new Error("no evidence");
  const text = Buffer.from(second.payload, "base64").toString();
  return { ...bundle, evidence: [first, change(second, text)] };
};
const withVerdict = (change: (text: string) => string) => wordWith({ verdictText: change });

describe("a bundle", () => {
  it("verifies from its bytes alone", () => {
    const result = check(bundleText(fixtureBundle()));
    expect(result).toMatchObject({
      ok: true,
      bundle: {
        coordinatorKeyId: keyIdOf(testKey(1)),
        terms: { attempt: { trial: "s-0000-001", devices: { origin: "n1", target: "n2" } } },
        nodes: [{ name: FIRST }, { name: SECOND, statement: { predicate: { records: 4, firstSeq: 5 } } }],
        results: [{ profile: "pan2024", verdict: "refuted" }, { profile: "strict" }],
      },
    });
    expect(wordWith({ bodies: ONE_NODE })).toBe("ok");
    expect(wordWith({ profiles: [{ name: "mine", claims: ["process", "port"] }] })).toBe("ok");
  });

  it("is refused with any single bit changed: every bit of a tiny one", () => {
    const bytes = Buffer.from(
      bundleText(fixtureBundle({ bodies: ONE_NODE, profiles: [{ name: "p", claims: ["process"] }] })),
    );
    expect(verifyBundle(bytes).ok).toBe(true);
    const passed: number[] = [];
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const at = bit >> 3;
      const flip = 1 << (bit & 7);
      bytes[at] = (bytes[at] ?? 0) ^ flip;
      if (verifyBundle(bytes).ok) passed.push(bit);
      bytes[at] = (bytes[at] ?? 0) ^ flip;
    }
    expect(passed).toEqual([]);
  }, 600_000);

  it("is refused with any single bit changed: bits of one with two nodes", () => {
    const whole = Buffer.from(bundleText(fixtureBundle()));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length * 8 - 1 }), (bit) => {
        const bytes = Buffer.from(whole);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        return !verifyBundle(bytes).ok;
      }),
      { numRuns: 2000 },
    );
  }, 600_000);

  it("is refused cut short at any place, and with anything after it", () => {
    const text = bundleText(fixtureBundle());
    fc.assert(
      fc.property(fc.integer({ min: 0, max: text.length - 1 }), (end) => !check(text.slice(0, end)).ok),
    );
    for (const more of ["\n", " ", "\0", text]) expect(check(text + more).ok).toBe(false);
  });
});

describe("the word for", () => {
  it.each<[string, Bundle, string]>([
    ["a record removed", withRecords(SECOND, (l) => l.filter((_, i) => i !== 1)), "digest"],
    ["the last record removed", withRecords(SECOND, (l) => l.slice(0, -1)), "digest"],
    ["all records removed", withRecords(SECOND, () => []), "digest"],
    ["records reordered", withRecords(SECOND, ([a = "", b = "", ...l]) => [b, a, ...l]), "chain"],
    ["a record doubled", withRecords(SECOND, ([a = "", ...l]) => [a, a, ...l]), "chain"],
    [
      "a record changed",
      withRecords(SECOND, ([a = "", ...l]) => [a.replace("boot-", "toob-"), ...l]),
      "chain",
    ],
    [
      "the last record changed",
      withRecords(FIRST, (l) => l.map((x) => x.replace('"completed"', '"cancelled"'))),
      "digest",
    ],
    [
      "white space in a record",
      withRecords(FIRST, (l) => l.map((x, i) => (i === 3 ? x.replace(",", ", ") : x))),
      "digest",
    ],
    ["a line that is no record", withRecords(FIRST, (l) => [...l, "{}"]), "record"],
    [
      "a signature by another key",
      withEvidence((e, text) => {
        const [node, own] = e.signatures;
        return {
          ...e,
          signatures: [
            { keyid: node?.keyid ?? "", sig: signStatement(text, testKey(99)) },
            own ?? { keyid: "", sig: "" },
          ],
        };
      }),
      "signature",
    ],
    [
      "a key id of another key",
      withEvidence((e, text) =>
        sealEnvelope(
          text,
          [testKey(99), testKey(1)].map((k) => ({ keyid: keyIdOf(k), sig: signStatement(text, k) })),
        ),
      ),
      "signature",
    ],
    [
      "no countersignature",
      withEvidence((e) => ({ ...e, signatures: e.signatures.slice(0, 1) })),
      "signature",
    ],
    [
      "signatures in another order",
      withEvidence((e) => ({ ...e, signatures: e.signatures.toReversed() })),
      "signature",
    ],
    [
      "one signature more",
      withEvidence((e) => ({ ...e, signatures: [...e.signatures, ...e.signatures] })),
      "signature",
    ],
    [
      "a payload written anew with other white space",
      withEvidence((e, text) => ({
        ...e,
        payload: Buffer.from(JSON.stringify(JSON.parse(text), null, 1)).toString("base64"),
      })),
      "signature",
    ],
    [
      "envelopes in another order",
      { ...fixtureBundle(), evidence: fixtureBundle().evidence.toReversed() },
      "signature",
    ],
    [
      "the verdict of another trial",
      { ...fixtureBundle(), verdict: fixtureBundle({ trial: "s-0000-002" }).verdict },
      "attempt",
    ],
    [
      "the evidence of another trial",
      { ...fixtureBundle(), evidence: fixtureBundle({ trial: "s-0000-002" }).evidence },
      "attempt",
    ],
    [
      "the verdict as evidence",
      { ...fixtureBundle({ bodies: ONE_NODE }), evidence: [fixtureBundle({ bodies: ONE_NODE }).verdict] },
      "signature",
    ],
    ["keys in another order", { ...fixtureBundle(), keys: fixtureBundle().keys.toReversed() }, "key"],
    [
      "a role doubled",
      { ...fixtureBundle(), keys: [...fixtureBundle().keys, ...fixtureBundle().keys.slice(0, 1)] },
      "key",
    ],
    [
      "a key that nobody vouches for",
      {
        ...fixtureBundle(),
        keys: [
          ...fixtureBundle().keys,
          { keyid: keyIdOf(testKey(99)), role: "node:n9", pem: publicPem(testKey(99)) },
        ],
      },
      "key",
    ],
    ["a key missing", { ...fixtureBundle(), keys: fixtureBundle().keys.slice(0, 2) }, "key"],
    [
      "a key under another id",
      { ...fixtureBundle(), keys: fixtureBundle().keys.map((k) => ({ ...k, pem: publicPem(testKey(99)) })) },
      "key",
    ],
    [
      "a key in another spelling",
      { ...fixtureBundle(), keys: fixtureBundle().keys.map((k) => ({ ...k, pem: `${k.pem}\n` })) },
      "key",
    ],
    [
      "a records file more",
      { ...fixtureBundle(), records: { ...fixtureBundle().records, x: "" } },
      "attempt",
    ],
  ])("%s", (_name, bundle, word) => {
    expect(wordOf(bundle)).toBe(word);
  });

  it("bytes that say the same", () => {
    expect(wordOfText('{"mediaType"', '{ "mediaType"')).toBe("not-canonical");
    expect(wordOfText('"verdict":', '"verdict":{},"verdict":')).toBe("not-canonical");
    expect(wordOfText('"role":"node:n1"', '"role":"\\u006eode:n1"')).toBe("not-canonical");
    expect(wordOfText("\u00e9", "\\u00e9")).toBe("not-canonical");
    expect(wordOfText('{"mediaType"', '{"__proto__":{},"mediaType"')).toMatch(/unknown-shape|not-canonical/);
    expect(wordOfText('{"mediaType"', '{"note":1,"mediaType"')).toBe("unknown-shape");
    // Half a character hashes like U+FFFD.
    expect(wordOfText("\ufffd", "\\ud800")).toBe("unknown-shape");
    expect(wordOfText(/"payload":"/, '"payload":"\\n')).toBe("unknown-shape");
  });

  it("base64 that says the same in another way", () => {
    const text = bundleText(fixtureBundle());
    const sig = /"sig":"([^"]+==)"/.exec(text)?.[1] ?? "";
    for (const other of [
      sig.replace(/=+$/, ""),
      `${sig}=`,
      sig.replace(/[+/]/g, "-"),
      sig.replace(/.==$/, (end) => `${end === "A==" ? "B" : "C"}==`),
    ])
      if (other !== sig) expect(check(text.replace(sig, other))).toMatchObject({ ok: false });
    expect(wordOfText(sig, sig.replace(/=+$/, ""))).toBe("unknown-shape");
  });

  it("files that are no bundles", () => {
    expect(check("")).toMatchObject({ word: "not-json" });
    expect(check("\ufeff{}")).toMatchObject({ word: "not-json" });
    expect(check("[".repeat(1_000_000))).toMatchObject({ word: "not-json" });
    expect(check("{}")).toMatchObject({ word: "unknown-shape" });
    expect(verifyBundle(Uint8Array.of(0xff, 0xfe))).toMatchObject({ word: "not-utf8" });
  });

  it("what its own signers got wrong", () => {
    expect(withVerdict((t) => t.replace('"verdict":"refuted"', '"verdict":"confirmed"'))).toBe("verdict");
    expect(withVerdict((t) => t.replace('"result":"FAILED"', '"result":"PASSED"'))).toBe("verdict");
    expect(withVerdict((t) => t.replace("pan2024/1 process", "pan2024/1 nothing"))).toBe("verdict");
    expect(withVerdict((t) => t.replace("Statement/v1", "Statement/v2"))).toBe("statement");
    expect(withVerdict((t) => t.replace('"configuration":[', '"configuration":[],"x":['))).toBe("statement");
    expect(withVerdict((t) => t.replace('"name":"s-0000-001-1/n2', '"name":"s-0000-001-1/n3'))).toBe(
      "statement",
    );
    expect(withVerdict(() => "{}")).toBe("statement");
    expect(wordWith({ evidenceText: (t) => t.replace('"records":4', '"records":5') })).toBe("digest");
    expect(wordWith({ evidenceText: (t) => t.replace('"node":"n2"', '"node":"n1"') })).toBe("attempt");
    expect(wordWith({ evidenceText: (t) => t.replace("evidence:v1", "evidence:v2") })).toBe("statement");
    expect(wordWith({ evidenceText: (t) => t.replace('["target"]', '["origin"]') })).toBe("record");
  });

  it("records that nobody may count", () => {
    const drop = (kind: string) => (lines: string[]) =>
      lines.filter((line) => !line.includes(`"kind":"${kind}"`));
    expect(wordWith({ lines: drop("attempt-ended") })).toBe("attempt");
    expect(wordWith({ lines: drop("cell-gone") })).toBe("attempt");
    const unclean = (lines: string[]) => lines.map((line) => line.replace('"clean":true', '"clean":false'));
    expect(wordWith({ lines: unclean })).not.toBe("ok");
    const other = (lines: string[]) =>
      lines.map((line, i) => (i === lines.length - 1 ? line.replace("s-0000-001", "s-0000-002") : line));
    expect(wordWith({ lines: other })).toBe("record");
  });

  it("a profile that needs other claims under a known name", () => {
    expect(wordWith({ profiles: [{ name: "strict", claims: ["claimed"] }] })).toBe("profile");
  });

  it("a bundle forged as a whole is known by its key alone", () => {
    const result = check(bundleText(fixtureBundle({ coordinator: testKey(66) })));
    expect(result).toMatchObject({ ok: true, bundle: { coordinatorKeyId: keyIdOf(testKey(66)) } });
  });
});
