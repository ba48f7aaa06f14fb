import { describe, expect, it } from "vitest";
import {
  DIGEST,
  evidenceFrom,
  honestParts,
  model,
  openedFile,
  OTHER_DIGEST,
  scores,
  WEIGHTS_BYTES,
  type Parts,
} from "./evidence-fixture.ts";
import { said } from "./judge-fixture.ts";
import { ownBytes } from "./own-bytes.ts";
import { COPY } from "./tests-fixture.ts";

const honest = honestParts();
const opening = (...files: ReturnType<typeof openedFile>[]): Partial<Parts> => ({
  weights: { ...honest.weights, files },
});
const foreign = openedFile({ shards: [OTHER_DIGEST], mark: false });
const reading = (size: number, read: number): Partial<Parts> => ({
  original: { ...honest.original, weights: honest.original.weights.map((w) => ({ ...w, size })) },
  weights: { ...honest.weights, files: [], reads: [{ process: model, read, disk: 0 }] },
});
/** A model whose tokens the original would not have chosen. */
const otherModel: Partial<Parts> = { scoresByOriginal: { ...honest.scoresByOriginal, scores: scores(2) } };

describe("own bytes", () => {
  it("is proven by the digests of what the serving process opened, whatever its name", () => {
    expect(said("own-bytes", opening(openedFile({ path: "/tmp/x" })))).toEqual([
      "proven",
      expect.stringContaining("identical, fetched: /tmp/x"),
    ]);
    expect(ownBytes(evidenceFrom(), COPY).evidence).toContainEqual({ node: "node-a", seq: 1 });
  });

  it.each(["symlink", "hard-link", "clone", "bind-mount", "network-mount"] as const)(
    "refutes a file by %s",
    (lineage) => {
      const [result, reason] = said("own-bytes", opening(openedFile(), openedFile({ inode: "2", lineage })));
      expect([result, reason]).toEqual(["refuted", expect.stringContaining(lineage)]);
    },
  );

  it("refutes the very file of the original, on the original's own machine only", () => {
    const file = openedFile({ device: "0:41", inode: "99", lineage: "copied" });
    expect(said("own-bytes", opening(file))[0]).toBe("proven");
    const evidence = evidenceFrom(opening(file));
    const here = evidence.observations.map((o) => ({ ...o, node: evidence.observations[0]?.node ?? o.node }));
    const result = ownBytes({ ...evidence, observations: here }, COPY);
    expect([result.result, result.reason]).toEqual([
      "refuted",
      expect.stringContaining("the original's own file"),
    ]);
  });

  it("refutes a server that opened nothing, and says where it is connected", () => {
    expect(said("own-bytes", opening())).toEqual(["refuted", expect.stringContaining("lineage none")]);
    const weights = { ...honest.weights, files: [], remotes: ["10.1.0.2:5 -> 10.1.0.1:8760"] };
    expect(said("own-bytes", { weights })).toEqual([
      "refuted",
      expect.stringContaining("lineage remote: connected 10.1.0.2:5"),
    ]);
  });

  it("leaves open what was read and let go of, or what nobody could see", () => {
    const large = 64 * 1_048_576;
    expect(said("own-bytes", reading(large, large))[0]).toBe("not-tested");
    expect(said("own-bytes", reading(large, large * 0.89))[0]).toBe("refuted");
    expect(said("own-bytes", reading(WEIGHTS_BYTES, WEIGHTS_BYTES))[0]).toBe("refuted");
    expect(said("own-bytes", { weights: { ...honest.weights, files: [], processes: [] } })[0]).toBe(
      "not-tested",
    );
    const extra = [{ kind: "untested" as const, claim: "own-bytes", why: "the watch was lost" }];
    expect(said("own-bytes", { ...opening(), extra })).toEqual(["not-tested", "the watch was lost"]);
  });

  it("says nothing of files of other processes than those that hold the port", () => {
    const weights = { ...honest.weights, processes: [{ ...model, pid: 7 }] };
    expect(said("own-bytes", { weights })[0]).toBe("not-tested");
  });

  it("takes other digests with the same behaviour for a conversion, and says whether the mark is there", () => {
    expect(said("own-bytes", opening(foreign))).toEqual([
      "proven",
      expect.stringMatching(/^derived: .*the mark is not there/),
    ]);
    expect(said("own-bytes", opening({ ...foreign, mark: true }))[1]).toContain("the mark is there");
  });

  it("refutes other digests with another behaviour, also beside the right file", () => {
    expect(said("own-bytes", { ...opening(foreign), ...otherModel })).toEqual([
      "refuted",
      expect.stringContaining("same-family"),
    ]);
    expect(said("own-bytes", { ...opening(openedFile(), foreign), ...otherModel })[0]).toBe("refuted");
    expect(said("own-bytes", { ...opening(foreign), calibration: null })[0]).toBe("not-tested");
  });

  it("takes no scrap of a file for a conversion of all of it", () => {
    expect(said("own-bytes", opening({ ...foreign, size: 400 }))).toEqual([
      "not-tested",
      expect.stringContaining("too small"),
    ]);
  });

  it("needs all files of the reference, and all digests", () => {
    const two = { name: "weights/b.gguf", size: 5, shards: [OTHER_DIGEST], family: "" };
    const original = { ...honest.original, weights: [...honest.original.weights, two] };
    expect(said("own-bytes", { original })).toEqual([
      "not-tested",
      expect.stringContaining("weights/b.gguf"),
    ]);
    const b = openedFile({ size: 5, shards: [OTHER_DIGEST], inode: "8" });
    expect(said("own-bytes", { original, ...opening(openedFile(), b) })[0]).toBe("proven");
    const unread = openedFile({ shards: [], why: "it shrank" });
    expect(said("own-bytes", opening(unread))).toEqual(["not-tested", expect.stringContaining("it shrank")]);
    // The same digest under another size is no match.
    expect(said("own-bytes", { ...opening(openedFile({ size: 6 })), calibration: null })[0]).toBe(
      "not-tested",
    );
  });

  it("merges several records of one copy, and leaves those of another out", () => {
    const more = { ...honest.weights, files: [foreign] };
    expect(said("own-bytes", { extra: [more], ...otherModel })[0]).toBe("refuted");
    expect(said("own-bytes", { extra: [{ ...more, copy: { model: 1, agent: 2 } }], ...otherModel })[0]).toBe(
      "proven",
    );
  });

  it("leaves out what is no weights beside what is", () => {
    const log = openedFile({ format: "other", shards: [OTHER_DIGEST], family: "", inode: "9" });
    expect(said("own-bytes", { ...opening(openedFile(), log), ...otherModel })[0]).toBe("proven");
    const linked = openedFile({ ...log, lineage: "hard-link" });
    expect(said("own-bytes", opening(openedFile(), linked))[0]).toBe("refuted");
    // Alone it may be weights in a format of its own.
    expect(said("own-bytes", { ...opening(log), ...otherModel })[0]).toBe("refuted");
  });

  it("refutes blocks that differ where the digests did not", () => {
    const { sample } = honest.targetSample;
    const other = (change: Partial<typeof sample>) => ({
      targetSample: { ...honest.targetSample, sample: { ...sample, ...change } },
    });
    expect(said("own-bytes", other({ sha256: DIGEST }))).toEqual([
      "refuted",
      expect.stringContaining("blocks picked by a nonce"),
    ]);
    expect(said("own-bytes", other({ size: 1 }))[0]).toBe("refuted");
    // Other blocks, or another nonce, are no comparison; a converted file's blocks differ by nature.
    expect(said("own-bytes", other({ sha256: DIGEST, blocks: 3 }))[0]).toBe("proven");
    expect(said("own-bytes", other({ sha256: DIGEST, nonce: "s2" }))[0]).toBe("proven");
    expect(said("own-bytes", { ...other({ sha256: DIGEST }), ...opening(foreign) })[0]).toBe("proven");
  });

  it("is open without the record of either side", () => {
    expect(said("own-bytes", { original: null })).toEqual([
      "not-tested",
      expect.stringContaining("origin's daemon"),
    ]);
    expect(said("own-bytes", { weights: null })).toEqual([
      "not-tested",
      expect.stringContaining("target's daemon"),
    ]);
  });
});
