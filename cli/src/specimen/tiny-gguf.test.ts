import { MARK_SLOT } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { tinyGguf } from "./tiny-gguf.ts";

describe("tinyGguf", () => {
  it("is a GGUF v3 of about half a megabyte", () => {
    const bytes = tinyGguf({ seed: 1 });
    expect(bytes.toString("ascii", 0, 4)).toBe("GGUF");
    expect(bytes.readUInt32LE(4)).toBe(3);
    // Two layers of nine tensors, and embedding, last norm, output.
    expect(bytes.readBigUInt64LE(8)).toBe(21n);
    expect(bytes.length).toBeGreaterThan(400_000);
    expect(bytes.length).toBeLessThan(600_000);
    expect(bytes.length % 32).toBe(0);
  });

  it("is a pure function of its options", () => {
    const bytes = tinyGguf({ seed: 7, name: "a", mark: "m" });
    expect(bytes.equals(tinyGguf({ seed: 7, name: "a", mark: "m" }))).toBe(true);
    expect(bytes.equals(tinyGguf({ seed: 8, name: "a", mark: "m" }))).toBe(false);
  });

  it("carries name and mark in the metadata and leaves the weights as they are", () => {
    const plain = tinyGguf({ seed: 7 });
    const marked = tinyGguf({ seed: 7, name: "specimen", mark: "mark-4711" });
    const text = marked.toString("latin1");
    expect(text).toContain("redline.mark");
    expect(text).toContain("mark-4711");
    expect(text).toContain("specimen");
    expect(marked.subarray(-400_000).equals(plain.subarray(-400_000))).toBe(true);
  });

  it("has the slot for a mark once, so that a mark can be written over it in place", () => {
    const plain = tinyGguf({ seed: 7 });
    const at = plain.indexOf(MARK_SLOT);
    expect(at).toBeGreaterThan(0);
    expect(plain.indexOf(MARK_SLOT, at + 1)).toBe(-1);
    const mark = MARK_SLOT.replaceAll("0", "a");
    plain.write(mark, at, "latin1");
    expect(plain.equals(tinyGguf({ seed: 7, mark }))).toBe(true);
  });

  it("rounds the matrices of a near neighbour, and nothing else", () => {
    const [exact, rounded] = [tinyGguf({ seed: 7 }), tinyGguf({ seed: 7, rounded: true })];
    expect(rounded.length).toBe(exact.length);
    expect(rounded.equals(exact)).toBe(false);
    const data = exact.length - 400_000;
    let most = 0;
    for (let at = data; at < exact.length; at += 4)
      most = Math.max(most, Math.abs(exact.readFloatLE(at) - rounded.readFloatLE(at)));
    // Half a step of the coarsest block: 20 / 127 / 2, and the rounding of its scale.
    expect(most).toBeLessThan(0.1);
    expect(most).toBeGreaterThan(0);
  });
});
