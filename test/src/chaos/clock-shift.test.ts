import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { until } from "../kit/until.ts";

const RealDate = Date;
afterEach(() => {
  globalThis.Date = RealDate;
  delete process.env["CHAOS_CLOCKS"];
  delete process.env["REDLINE_NODE"];
});

it("shifts every reading of the wall clock, by the file and back, and no monotonic one", async () => {
  const folder = await mkdtemp(join(tmpdir(), "redline-clock-"));
  try {
    process.env["CHAOS_CLOCKS"] = folder;
    process.env["REDLINE_NODE"] = "alpha";
    await import("./clock-shift.ts");
    const offMs = () => Date.now() - RealDate.now();
    expect(Math.abs(offMs())).toBeLessThan(1000);
    const mono = performance.now();
    await writeFile(join(folder, "alpha"), "-3600000");
    await until("it is an hour earlier", () => offMs() < -3_590_000);
    expect(new Date().getTime() - RealDate.now()).toBeLessThan(-3_590_000);
    expect(new Date(5).getTime()).toBe(5);
    expect(new Date()).toBeInstanceOf(Date);
    expect(Date.parse("1970-01-01T00:00:01Z")).toBe(1000);
    expect(performance.now()).toBeGreaterThanOrEqual(mono);
    await rm(join(folder, "alpha"));
    await until("it is right again", () => Math.abs(offMs()) < 1000);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
