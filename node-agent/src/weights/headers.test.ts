import { createHash } from "node:crypto";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ggufBytes, safetensorsBytes, string, TENSORS, u32, u64 } from "./bytes-fixture.ts";
import { parseGguf } from "./gguf-header.ts";
import { headerOf } from "./header-of.ts";
import { parseSafetensors } from "./safetensors-header.ts";
import { formatOf } from "./weights-magic.ts";

const SAFE = {
  __metadata__: { format: "pt", mark: "redline-mark-1" },
  "model.embed": { dtype: "F16", shape: [4, 8], data_offsets: [0, 64] },
  "a.weight": { dtype: "F32", shape: [], data_offsets: [0, 4] },
};

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-headers-"));
});
afterAll(() => rm(dir, { recursive: true }));

async function header(bytes: Buffer, mark = "", size = bytes.length) {
  const path = join(dir, "weights");
  await writeFile(path, bytes);
  await using file = await open(path);
  return await headerOf(file, size, { mark });
}

const familyOfLines = (lines: readonly string[]) =>
  createHash("sha256").update(lines.toSorted().join(""), "latin1").digest("hex");

describe("headerOf", () => {
  it.each([2, 3])("reads GGUF version %d: family over sorted names and shapes", async (version) => {
    const family = familyOfLines(["19:blk.0.attn_q.weight:8x8\n", "17:token_embd.weight:8x32\n"]);
    expect(await header(ggufBytes({ version }))).toMatchObject({
      ok: true,
      value: { format: "gguf", family, tensors: 2, mark: false },
    });
  });

  it("gives one family for other types, another order and other metadata, another one for another shape", async () => {
    const of = async (bytes: Buffer) => {
      const result = await header(bytes);
      return result.ok ? result.value.family : result.why;
    };
    const family = await of(ggufBytes());
    const requantised = TENSORS.toReversed().map((t) => ({ ...t, type: 8 }));
    expect(await of(ggufBytes({ tensors: requantised, strings: { name: "x" }, dataBytes: 999 }))).toBe(
      family,
    );
    expect(await of(ggufBytes({ tensors: [{ name: "token_embd.weight", shape: [8, 33] }] }))).not.toBe(
      family,
    );
  });

  it("finds the mark in the header only", async () => {
    const marked = ggufBytes({ strings: { "redline.mark": "redline-mark-7" } });
    expect(await header(marked, "redline-mark-7")).toMatchObject({ value: { mark: true } });
    const behind = Buffer.concat([ggufBytes(), Buffer.from("redline-mark-7")]);
    expect(await header(behind, "redline-mark-7")).toMatchObject({ value: { mark: false } });
    expect(await header(safetensorsBytes(SAFE), "redline-mark-1")).toMatchObject({ value: { mark: true } });
    expect(await header(marked)).toMatchObject({ value: { mark: false } });
  });

  it("reads safetensors, and headers of several MiB", async () => {
    const family = familyOfLines(["11:model.embed:4x8\n", "8:a.weight:\n"]);
    expect(await header(safetensorsBytes(SAFE))).toMatchObject({
      value: { format: "safetensors", family, tensors: 2 },
    });
    const long = ggufBytes({ strings: { long: "x".repeat(5_000_000) } });
    expect(await header(long)).toMatchObject({ ok: true, value: { tensors: 2 } });
  });

  it("calls anything else `other`, without a family", async () => {
    expect(await header(Buffer.from("no weights at all"))).toMatchObject({
      ok: true,
      value: { format: "other", family: "" },
    });
    expect(await header(Buffer.alloc(0))).toMatchObject({ ok: true, value: { format: "other" } });
  });

  it.each([
    ["a count of 2^60 tensors", Buffer.concat([Buffer.from("GGUF"), u32(3), u64(2n ** 60n), u64(0)])],
    ["a million keys that are not there", Buffer.concat([Buffer.from("GGUF"), u32(3), u64(0), u64(999_999)])],
    ["a string of 2^62 bytes", Buffer.concat([Buffer.from("GGUF"), u32(3), u64(0), u64(1), u64(2n ** 62n)])],
    [
      "arrays in arrays",
      Buffer.concat([
        ...[Buffer.from("GGUF"), u32(3), u64(0), u64(1), string("k"), u32(9)],
        ...Array.from({ length: 50 }, () => Buffer.concat([u32(9), u64(1)])),
      ]),
    ],
    [
      "2^50 nested elements",
      Buffer.concat([
        Buffer.from("GGUF"),
        u32(3),
        u64(0),
        u64(1),
        string("k"),
        u32(9),
        u32(8),
        u64(2n ** 49n),
      ]),
    ],
    ["an unknown version", ggufBytes({ version: 9 })],
    ["offsets behind the end", safetensorsBytes({ a: { shape: [1], data_offsets: [0, 1e9] } })],
    ["a negative shape", safetensorsBytes({ a: { shape: [-1], data_offsets: [0, 1] } })],
    [
      "a list of a million dimensions",
      safetensorsBytes({ a: { shape: new Array(1e6).fill(1), data_offsets: [0, 1] } }),
    ],
    ["broken JSON", Buffer.concat([u64(20), Buffer.from('{"a":'.padEnd(40))])],
    [
      "deep JSON",
      Buffer.concat([u64(2_000_000), Buffer.from('{"a":'.padEnd(2_000_000, "[")), Buffer.alloc(64)]),
    ],
  ])("refuses %s with a reason", async (_, bytes) => {
    const result = await header(bytes);
    expect(result.ok ? "" : result.why).toMatch(/^(gguf|safetensors) header: /);
  });

  it("goes on with the next file after a file that is shorter than was said", async () => {
    const cut = ggufBytes().subarray(0, 60);
    expect(await header(cut, "", 10_000_000)).toMatchObject({ ok: false });
    expect(await header(ggufBytes())).toMatchObject({ ok: true });
  });
});

describe("parsers of mutated headers", () => {
  const mutated = (seed: Buffer) =>
    fc
      .tuple(
        fc.array(fc.tuple(fc.nat(seed.length - 1), fc.oneof(fc.nat(255), fc.constant(255))), {
          maxLength: 12,
        }),
        fc.nat(seed.length),
      )
      .map(([changes, cut]) => {
        const bytes = Buffer.from(seed);
        for (const [at, value] of changes) bytes[at] = value;
        return bytes.subarray(0, cut === 0 ? seed.length : cut);
      });

  it("never throw on GGUF, and never find more than the bytes can hold", () => {
    const seed = ggufBytes({ strings: { "general.name": "tiny" } });
    fc.assert(
      fc.property(mutated(seed), (bytes) => {
        const parsed = parseGguf(bytes);
        if (parsed.kind !== "header") return;
        expect(parsed.bytes).toBeLessThanOrEqual(bytes.length);
        expect(parsed.tensors.length * 24).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 3000 },
    );
  });

  it("never throw on safetensors", () => {
    fc.assert(
      fc.property(mutated(safetensorsBytes(SAFE)), (bytes) => {
        expect(["header", "more", "bad"]).toContain(parseSafetensors(bytes, bytes.length).kind);
      }),
      { numRuns: 3000 },
    );
  });

  it("never throw on any JSON as a safetensors header", () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const bytes = Buffer.concat([u64(Buffer.byteLength(json)), Buffer.from(json)]);
        expect(["header", "bad"]).toContain(parseSafetensors(bytes, bytes.length).kind);
      }),
    );
  });

  it("tells formats by magic, whatever the file", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 16 }), (b) => void formatOf(Buffer.from(b), b.length)));
    expect(formatOf(safetensorsBytes(SAFE), 10)).toBe("other");
  });
});
