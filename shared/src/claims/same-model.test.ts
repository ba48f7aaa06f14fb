import { describe, expect, it } from "vitest";
import { canaries, computeBody, honestParts, NONCES, scores, type Parts } from "./evidence-fixture.ts";
import { said } from "./judge-fixture.ts";

const honest = honestParts();
const byOriginal = (shift: number): Partial<Parts> => ({
  scoresByOriginal: { ...honest.scoresByOriginal, scores: scores(shift) },
});
const byCopy = (shift: number): Partial<Parts> => ({
  scoresByCopy: { ...honest.scoresByCopy, scores: scores(shift) },
});
const calibrated = (change: Partial<typeof honest.calibration.calibration>): Partial<Parts> => ({
  calibration: { kind: "calibration", calibration: { ...honest.calibration.calibration, ...change } },
});
const neighbour = (...deviations: number[]) => ({ name: "n.gguf", deviations });
const copySays = (change: Parameters<typeof canaries>[1]): Partial<Parts> => ({
  copyCanaries: { ...honest.copyCanaries, canaries: canaries(0, change) },
});

describe("same model", () => {
  it("is proven within the tolerance, both ways, with the numbers and the CPU time of both", () => {
    const [result, reason] = said("same-model");
    expect(result).toBe("proven");
    expect(reason).toMatch(
      /deviation 0.00010 nats over 4 canaries.*tolerance 0.0020 nats.*original 80 ms of CPU.*copy 80 ms/,
    );
  });

  it.each([
    ["the original's scores", byOriginal],
    ["its own scores", byCopy],
  ])("refutes another model by %s alone", (_name, shifted) => {
    expect(said("same-model", shifted(0.08))).toEqual([
      "refuted",
      expect.stringContaining("another model: median deviation 0.080 nats"),
    ]);
  });

  it("sets the tolerance by the original against itself", () => {
    expect(said("same-model", byOriginal(0.003))[0]).toBe("refuted");
    expect(said("same-model", { ...byOriginal(0.003), ...calibrated({ self: [0.001] }) })[0]).toBe("proven");
  });

  it.each<[string, Partial<Parts>]>([
    ["no calibration", { calibration: null }],
    ["the original not against itself", calibrated({ self: [] })],
    ["no neighbour", calibrated({ neighbours: [] })],
    [
      "a neighbour within the tolerance",
      calibrated({ neighbours: [neighbour(0.3, 0.3), neighbour(0.001, 0.001, 9)] }),
    ],
    ["a neighbour without numbers", calibrated({ neighbours: [neighbour()] })],
  ])("is open with %s, whatever the deviation", (_name, change) => {
    expect(said("same-model", change)[0]).toBe("not-tested");
    expect(said("same-model", { ...change, ...byOriginal(7) })[0]).toBe("not-tested");
  });

  it("takes the median: one odd canary of four is not another model", () => {
    const odd = scores(0.0001).map((s, i) => (i === 0 ? { ...s, logprobs: [-9, -9, -9] } : s));
    expect(said("same-model", { scoresByOriginal: { ...honest.scoresByOriginal, scores: odd } })[0]).toBe(
      "proven",
    );
  });

  it("needs three canaries with usable numbers", () => {
    const few = {
      scoresByOriginal: { ...honest.scoresByOriginal, scores: scores(0).slice(0, 2) },
      scoresByCopy: null,
    };
    expect(said("same-model", few)[0]).toBe("not-tested");
    const broken = (logprobs: number[]): Partial<Parts> => ({
      ...copySays({ logprobs }),
      ...byCopy(0),
      scoresByCopy: null,
    });
    expect(said("same-model", broken([Number.NaN, -1, -1]))[0]).toBe("not-tested");
    expect(said("same-model", broken([Number.NEGATIVE_INFINITY, -1, -1]))[0]).toBe("not-tested");
    expect(said("same-model", broken([-1.5, -0.25]))[0]).toBe("not-tested");
    expect(said("same-model", copySays({ error: "timeout" }))[0]).toBe("not-tested");
    expect(said("same-model", copySays({ tokens: [1, 2] }))[0]).toBe("not-tested");
  });

  it("does not let a second answer to a nonce replace the first", () => {
    const again = { ...honest.copyCanaries, canaries: canaries(0) };
    expect(said("same-model", { ...copySays({ logprobs: [-9, -9, -9] }), extra: [again] })[0]).toBe(
      "refuted",
    );
  });

  it("proves nothing by one direction, and is refuted by one", () => {
    expect(said("same-model", { scoresByCopy: null })).toEqual([
      "not-tested",
      expect.stringContaining("only one server"),
    ]);
    expect(said("same-model", { scoresByCopy: null, ...byOriginal(1) })[0]).toBe("refuted");
    expect(said("same-model", { scoresByOriginal: null, ...byCopy(1) })[0]).toBe("refuted");
  });

  it("without log probabilities compares how the texts begin, which never proves", () => {
    const bare = { tokens: [], logprobs: [] };
    const texts = (text: (i: number) => string): Partial<Parts> => ({
      scoresByCopy: null,
      copyCanaries: {
        ...honest.copyCanaries,
        canaries: canaries(0, bare).map((c, i) => ({ ...c, text: text(i) })),
      },
    });
    const like = (i: number) => `a line of ${i} tokens`;
    expect(
      said(
        "same-model",
        texts((i) => `${like(i)} and more`),
      )[0],
    ).toBe("not-tested");
    expect(
      said(
        "same-model",
        texts((i) => (i < 2 ? "another" : like(i))),
      )[0],
    ).toBe("not-tested");
    expect(
      said(
        "same-model",
        texts((i) => (i < 3 ? "another" : like(i))),
      ),
    ).toEqual(["refuted", expect.stringContaining("3 of 4")]);
  });

  it("is refuted by processes that cannot hold the weights, on the GPU neither", () => {
    const holding = (residentBytes: number, gpuMiB: number | null): Partial<Parts> => ({
      copyCompute: computeBody("copy", { residentBytes, gpuMiB }),
    });
    expect(said("same-model", holding(20_000, null))).toEqual([
      "refuted",
      expect.stringContaining("the weights alone are 0.4 MiB"),
    ]);
    expect(said("same-model", holding(24_000, null))[0]).toBe("proven");
    expect(said("same-model", holding(20_000, 1))[0]).toBe("proven");
    expect(
      said("same-model", { copyCompute: computeBody("copy", { processes: 0, residentBytes: 0 }) })[0],
    ).toBe("proven");
  });

  it("takes the original's answers from whichever copy they were asked for, and the copy's own from none else", () => {
    const copy = { model: 1, agent: 2 };
    expect(said("same-model", { originalCanaries: { ...honest.originalCanaries, copy } })[0]).toBe("proven");
    expect(said("same-model", { copyCanaries: { ...honest.copyCanaries, copy } })[0]).toBe("not-tested");
    expect(NONCES).toHaveLength(4);
  });
});
