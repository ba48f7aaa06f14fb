import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { nodeIdSchema, type RunOrder } from "@redline/shared";
import { checkGpus } from "./check-gpus.ts";
import { gpuEnvironment, placedGpus } from "./placed-gpus.ts";

const folder = mkdtempSync(join(tmpdir(), "redline-gpus-"));
afterAll(() => rmSync(folder, { recursive: true }));
for (const name of ["nvidia0", "nvidia1", "nvidia2", "nvidia3"]) writeFileSync(join(folder, name), "");
const nvidiaSmi = join(folder, "nvidia-smi");
writeFileSync(
  nvidiaSmi,
  `#!/bin/sh
echo "0, NVIDIA H100, 81559, 4, GPU-a"
echo "1, NVIDIA H100, 81559, 70210, GPU-b"
echo "2, NVIDIA H100, 81559, 4, GPU-c"
echo "4, NVIDIA H100, 81559, 4, GPU-e"
`,
);
chmodSync(nvidiaSmi, 0o755);

const [N1, N2] = [nodeIdSchema.parse("n1"), nodeIdSchema.parse("n2")];
type Placed = Pick<RunOrder, "devices" | "gpus">;
const order = (index: number, uuid: string, target: Placed["devices"]["target"] = N2): Placed => ({
  devices: { origin: N1, target },
  gpus: { origin: [{ index, uuid }], target: [{ index: 0, uuid: "GPU-a" }] },
});
const check = (placed: Placed, device: "origin" | "target" = "origin", inCells: number[] = []) =>
  checkGpus(placed, device, { nvidiaSmi, devFolder: folder, inCells: () => inCells });

describe("GPUs that were placed", () => {
  it("are there", async () => {
    await check(order(2, "GPU-c"));
    await check(order(9, "GPU-z"), "target");
    await checkGpus({ devices: { origin: N1, target: N2 } }, "origin", {
      nvidiaSmi: "/none",
      inCells: () => [],
    });
  });

  it.each([
    [3, "GPU-d", "GPU 3 (GPU-d) is not there"],
    [0, "GPU-c", "GPU 0 (GPU-c) is not there: 0 is now GPU-a"],
    [1, "GPU-b", "GPU 1 (GPU-b) is in use by something else: 70210 MiB of its memory"],
    [4, "GPU-e", "GPU 4 (GPU-e) has no device file nvidia4: is the driver loaded?"],
  ])("are refused: %s %s", async (index, uuid, why) => {
    await expect(check(order(index, uuid))).rejects.toMatchObject({ fault: "gpu-missing", message: why });
    // In a local trial one cell has both devices' GPUs.
    await expect(check(order(index, uuid, N1), "target")).rejects.toMatchObject({ message: why });
  });

  it("are refused while a cell of the node has them, and without nvidia-smi", async () => {
    await expect(check(order(2, "GPU-c"), "origin", [0, 2])).rejects.toThrow(
      /GPU 2 .* still in another cell/,
    );
    const none = { nvidiaSmi: join(folder, "none"), devFolder: folder, inCells: () => [] };
    await expect(checkGpus(order(2, "GPU-c"), "origin", none)).rejects.toThrow(
      /GPU 2 .* nvidia-smi names none/,
    );
  });
});

describe("what a cell gets", () => {
  it("is its own device's GPUs, or both in a local trial, told by uuid", () => {
    expect(placedGpus(order(2, "GPU-c"), "origin")).toEqual([{ index: 2, uuid: "GPU-c" }]);
    const both = placedGpus(order(2, "GPU-c", N1), "origin");
    expect(both.map(({ index }) => index)).toEqual([2, 0]);
    expect(gpuEnvironment(both)).toEqual({
      CUDA_VISIBLE_DEVICES: "GPU-c,GPU-a",
      NVIDIA_VISIBLE_DEVICES: "GPU-c,GPU-a",
    });
    expect(gpuEnvironment(placedGpus({ devices: { origin: N1, target: N2 } }, "origin"))).toEqual({});
  });
});
