import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, expect, it } from "vitest";
import { exactMemory, roughMemory, sharedMemoryOfMachine, tmpfsMemory } from "./cell-memory.ts";

const MIB = 1_048_576;
const MEMFD_CREATE = process.arch === "arm64" ? 279 : 319;
/** Holds 30 MiB of its own, and 20 MiB in a file without a name that it does not map. */
const HOG = `$| = 1; $x = chr(97); $x x= 30 << 20; my $n = "hidden"; open my $f, ">&=", syscall(${MEMFD_CREATE}, $n, 0);
  my $y = substr $x, 0, 1 << 20; syswrite $f, $y for 1 .. 20; print "ready"; sleep 60`;
const hog = spawn("perl", ["-e", HOG], { stdio: ["ignore", "pipe", "inherit"] });
const pid = () => hog.pid ?? 0;

beforeAll(() => once(hog.stdout, "data"));
afterAll(() => hog.kill("SIGKILL"));

it("counts a process's own pages cheaply", async () => {
  const { bytes, tasks } = await roughMemory([pid()]);
  expect(bytes).toBeGreaterThan(30 * MIB);
  expect(bytes).toBeLessThan(80 * MIB);
  expect(tasks).toBe(1);
});

it("counts files without a name once, however many hold them", async () => {
  const once = await exactMemory(process.pid, [pid()], []);
  const twice = await exactMemory(process.pid, [pid(), pid()], []);
  const own = (await roughMemory([pid()])).bytes;
  expect(once?.bytes).toBeGreaterThan(own + 19 * MIB);
  expect((twice?.bytes ?? 0) - (once?.bytes ?? 0)).toBeLessThan(own + MIB);
  expect(once?.processes.map((process) => process.bytes > 50 * MIB)).toEqual([true]);
});

it("never counts less for the whole machine than for one process", async () => {
  expect(await sharedMemoryOfMachine()).toBeGreaterThanOrEqual(20 * MIB);
});

it("counts nothing of what is gone", async () => {
  expect(await roughMemory([2 ** 30])).toEqual({ bytes: 0, tasks: 0 });
  expect(await exactMemory(2 ** 30, [2 ** 30], ["/tmp"])).toEqual({
    bytes: 0,
    processes: [{ pid: 2 ** 30, bytes: 0 }],
  });
  expect(await tmpfsMemory(2 ** 30, ["/tmp"])).toEqual({ content: 0, files: 0 });
});
