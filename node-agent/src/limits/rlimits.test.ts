import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { hardLimits, rlimitWords } from "./rlimits.ts";

const limits = { memoryBytes: 268_435_456, processes: 64, openFiles: 200 };

describe("rlimitWords", () => {
  it("limits a process's data only where no group holds the memory", () => {
    const held = rlimitWords({ limits, fileBytes: 4_194_304, dataBytes: null });
    expect(held).toEqual(["-c=0", "-u=64", "-n=200", "-f=4096", "-l=65536", "-i=4096", "-q=0"]);
    const alone = rlimitWords({ limits, fileBytes: 4_194_304, dataBytes: 268_435_456 });
    expect(alone.slice(held.length)).toEqual(["-d=262144", "-Hs=65536"]);
  });

  it("is what bash takes, and what the kernel then says", () => {
    const words = rlimitWords({ limits, fileBytes: 4_194_304, dataBytes: 268_435_456 });
    const script =
      'for limit in $1; do ulimit "${limit%%=*}" "${limit#*=}" || exit 1; done; cat /proc/$$/limits';
    // Hard limits that came lower cannot be raised, so only what every machine allows.
    const lowered = words.filter((word) => /^-[cnfd]/.test(word));
    const { status, stdout } = spawnSync("bash", ["-c", script, "bash", lowered.join(" ")], {
      encoding: "utf8",
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Max open files +200 +200 /m);
    expect(stdout).toMatch(/^Max file size +4194304 +4194304 /m);
    expect(stdout).toMatch(/^Max data size +268435456 +268435456 /m);
  });
});

describe("hardLimits", () => {
  it("reads this process's", () => {
    const { openFiles, processes } = hardLimits(process.pid);
    const told = spawnSync("bash", ["-c", "ulimit -Hn; ulimit -Hu"], { encoding: "utf8" }).stdout.split("\n");
    const number = (text = "") => (text === "unlimited" ? Infinity : Number(text));
    expect([openFiles, processes]).toEqual([number(told[0]), number(told[1])]);
  });
});
