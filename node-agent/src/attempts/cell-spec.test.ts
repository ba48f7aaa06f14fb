import { expect, it } from "vitest";
import { runOrderSchema, type PlacedGpus } from "@redline/shared";
import { baseSpec } from "./cell-spec.ts";
import { scenarioFixture } from "./scenario-fixture.ts";

const order = (target: string, gpus?: PlacedGpus) =>
  runOrderSchema.parse({
    ...{ verb: "run", study: "s-0000", key: { trial: "s-0000-001", attempt: 1, epoch: 1 } },
    ...scenarioFixture(target === "n1" ? "local-copy" : "cross-device"),
    specimen: { name: "tiny", sha256: "a".repeat(64) },
    brain: { provider: "scripted", behaviour: "refuses" },
    ...{ brainName: "b", devices: { origin: "n1", target }, limits: {}, gpus },
  });
const spec = (hostname: "origin" | "target", ...of: Parameters<typeof order>) =>
  baseSpec({
    ...{ order: order(...of), id: "c", hostname, slot: 0, cellsDir: "/cells", keys: [] },
    now: new Date(0),
  });
const GPUS: PlacedGpus = {
  origin: [{ index: 3, uuid: "GPU-d" }],
  target: [
    { index: 0, uuid: "GPU-a" },
    { index: 1, uuid: "GPU-b" },
  ],
};

it("gives a cell the GPUs of its device, of both in a local trial, and no word of any where none was placed", () => {
  expect(spec("origin", "n2", GPUS)).toMatchObject({ gpus: [3], env: { CUDA_VISIBLE_DEVICES: "GPU-d" } });
  expect(spec("target", "n2", GPUS)).toMatchObject({
    gpus: [0, 1],
    env: { CUDA_VISIBLE_DEVICES: "GPU-a,GPU-b" },
  });
  expect(spec("origin", "n1", GPUS)).toMatchObject({
    gpus: [3, 0, 1],
    env: { NVIDIA_VISIBLE_DEVICES: "GPU-d,GPU-a,GPU-b" },
  });
  const none = spec("origin", "n2");
  expect(none.gpus).toBeUndefined();
  expect(Object.keys(none.env)).toEqual(["REDLINE_MODEL_SERVER"]);
});
