import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { gpuDevices } from "./gpu-devices.ts";

const folder = mkdtempSync(join(tmpdir(), "redline-gpus-"));
for (const name of ["nvidia0", "nvidia1", "nvidia10", "nvidiactl", "nvidia-uvm", "nvme0"])
  writeFileSync(join(folder, name), "");
afterAll(() => rmSync(folder, { recursive: true }));
const names = (gpus: readonly number[]) =>
  gpuDevices(gpus, folder).map((path) => path.slice(folder.length + 1));

it("gives the GPUs that were placed and what all share, and no other", () => {
  expect(names([1])).toEqual(["nvidia1", "nvidiactl", "nvidia-uvm"]);
  expect(names([0, 10])).toEqual(["nvidia0", "nvidia10", "nvidiactl", "nvidia-uvm"]);
  expect(names([])).toEqual([]);
});

it("names a GPU that is not there", () => {
  expect(() => names([0, 7])).toThrow(/nvidia7/);
});
