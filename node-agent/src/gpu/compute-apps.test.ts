import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseComputeApps } from "./compute-apps.ts";

/** In the shapes that `nvidia-smi --query-compute-apps=gpu_uuid,pid,process_name,used_gpu_memory` prints. */
const recorded = (name: string) => readFileSync(new URL(`fixtures/${name}.csv`, import.meta.url), "utf8");
const short = (csv: string) => parseComputeApps(csv).map((r) => [r.hostPid, r.name, r.usedMiB]);

describe("parseComputeApps", () => {
  it("reads a line for each process and GPU", () => {
    expect(parseComputeApps(recorded("normal"))).toEqual([
      {
        gpuUuid: "GPU-8f3c9a10-0c1e-4f4e-9f43-1d2b3c4d5e6f",
        hostPid: 41_872,
        name: "python3",
        usedMiB: 139_002,
      },
      {
        gpuUuid: "GPU-8f3c9a10-0c1e-4f4e-9f43-1d2b3c4d5e6f",
        hostPid: 41_910,
        name: "/usr/bin/python3.11",
        usedMiB: 514,
      },
      {
        gpuUuid: "GPU-11111111-2222-3333-4444-555555555555",
        hostPid: 41_872,
        name: "python3",
        usedMiB: 138_990,
      },
    ]);
  });

  it.each([
    [
      "mig",
      [
        [5120, "python3", null],
        [5121, "python3", 9826],
        [5121, "python3", 4],
        [5122, "python3", 20],
      ],
    ],
    ["not-available", [[7001, "C:\\Program Files\\server.exe", null]]],
    ["not-found", [[12_001, "[Not Found]", 22_014]]],
    [
      "name-with-commas",
      [
        [900, "VLLM::Worker_TP0, rank 0, of 2", 70_112],
        [901, "/opt/a, 12, b/server", 1],
      ],
    ],
    ["insufficient-permissions", [[31, "[Insufficient Permissions]", null]]],
    ["empty", []],
    ["driver-warnings", [[41_872, "python3", 300]]],
    [
      "without-names",
      [
        [41_872, "", 139_002],
        [41_910, "", null],
      ],
    ],
  ])("reads %s", (name, rows) => {
    expect(short(recorded(name))).toEqual(rows);
  });

  it.each([
    "GPU-1, 0, a, 5",
    "GPU-1, -7, a, 5",
    "GPU-1, 12, a, five",
    "GPU-1, 12, a, -5",
    "GPU-1, 12",
    "0, 12, a, 5",
    "GPU-1, 99999999999, a, 5",
  ])("leaves out %j", (line) => {
    expect(parseComputeApps(line)).toEqual([]);
  });

  it("bounds a long name and endless lines", () => {
    expect(parseComputeApps(`GPU-1, 12, ${"n".repeat(9999)}, 5`)[0]?.name).toHaveLength(200);
    expect(parseComputeApps("GPU-1, 12, 5\n".repeat(5000))).toHaveLength(2000);
  });
});
