import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseGpus, readGpus } from "./gpus.ts";

// In the shape that `nvidia-smi --query-gpu=... --format=csv,noheader,nounits` prints.
const TWO = [
  "0, NVIDIA H200, 143771, 4, GPU-8f3c9a10-0c1e-4f4e-9f43-1d2b3c4d5e6f",
  "1, NVIDIA H200, 143771, 139002, GPU-11111111-2222-3333-4444-555555555555",
  "",
].join("\n");

describe("parseGpus", () => {
  it("reads one GPU a line, memory in MiB", () => {
    expect(parseGpus(TWO)).toEqual([
      {
        index: 0,
        model: "NVIDIA H200",
        memoryTotalMiB: 143_771,
        memoryUsedMiB: 4,
        uuid: "GPU-8f3c9a10-0c1e-4f4e-9f43-1d2b3c4d5e6f",
      },
      {
        index: 1,
        model: "NVIDIA H200",
        memoryTotalMiB: 143_771,
        memoryUsedMiB: 139_002,
        uuid: "GPU-11111111-2222-3333-4444-555555555555",
      },
    ]);
  });

  it("keeps a name with commas whole, takes CRLF, and counts what is not available as 0", () => {
    expect(parseGpus("3, Tesla V100, SXM2, rev A, [N/A], [Not Supported], GPU-x\r\n")).toEqual([
      { index: 3, model: "Tesla V100, SXM2, rev A", memoryTotalMiB: 0, memoryUsedMiB: 0, uuid: "GPU-x" },
    ]);
  });

  it.each([
    ["nothing", ""],
    ["no devices", "No devices were found\n"],
    ["a warning with commas", "WARNING: infoROM is corrupted at gpu 0000:3B:00.0, see log, a, b, c\n"],
    ["a cut line", "0, NVIDIA H200, 143771\n"],
    ["no uuid", "0, NVIDIA H200, 143771, 4, \n"],
  ])("leaves out %s", (_name, text) => {
    expect(parseGpus(text)).toEqual([]);
  });
});

describe("readGpus", () => {
  it("says none where the program is absent", async () => {
    expect(await readGpus("/nonexistent/nvidia-smi")).toEqual([]);
  });

  it("runs the program with the query and says none when it fails", async () => {
    const folder = await mkdtemp(join(tmpdir(), "redline-gpus-"));
    try {
      const program = join(folder, "nvidia-smi");
      await writeFile(
        program,
        `#!/bin/sh\ncase "$1 $2" in "--query-gpu=index,name,memory.total,memory.used,uuid --format=csv,noheader,nounits") echo "0, A100, 40960, 1, GPU-1";; *) exit 9;; esac\n`,
      );
      await chmod(program, 0o755);
      expect(await readGpus(program)).toMatchObject([{ index: 0, model: "A100", memoryTotalMiB: 40_960 }]);
      await writeFile(program, "#!/bin/sh\necho '0, A100, 40960, 1, GPU-1'; exit 15\n");
      expect(await readGpus(program)).toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
