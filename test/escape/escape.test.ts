import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { selfTestSchema, type SelfTest } from "@redline/shared";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ALL_CASES } from "../../node-agent/dist/escape/case-list.js";
import { LAB, LAB_MODES } from "../dist/kit/lab-modes.js";
import { isWeakness, type Weakness } from "./weakened.ts";

/**
 * The escape suite, as `redline node selftest` runs it, in a lab namespace of its own. vitest cannot run inside one, so the
 * suite is run by a script that prints its report; when its namespace ends, nothing of it is left.
 */
const script = fileURLToPath(new URL("../../dist/escape/run-suite.js", import.meta.url));
const run = promisify(execFile);
/** A suite takes well under half a minute on a machine that does nothing else, and may take long on one that does. */
const LIMIT_MS = 580_000;

async function suite(
  command: readonly string[],
  weakness: Weakness | "given-up",
  ids: readonly string[],
): Promise<SelfTest> {
  const args = [...command, process.execPath, script, weakness, ...ids];
  const { stdout } = await run("env", args, { timeout: LIMIT_MS, killSignal: "SIGKILL" });
  return selfTestSchema.parse(JSON.parse(stdout));
}

const readable = ({ cases, tookMs, driver }: SelfTest) =>
  [
    `${driver}, ${tookMs} ms`,
    ...cases.map(({ id, outcome, by, detail }) => `${outcome} ${id}: ${by} | ${detail}`),
  ].join("\n");

/** What a suite could leave on the machine. */
function traces(): unknown {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return {
    mounts: mounts.filter((line) => /netns|redline/.test(line)),
    links: readFileSync("/proc/net/dev", "utf8")
      .split("\n")
      .filter((line) => line.trim().startsWith("rlc")),
    namespaces: existsSync("/run/netns/redline-0"),
  };
}

describe.concurrent.each(LAB_MODES)("escapes in %s", (_, command) => {
  let report: SelfTest | undefined;
  let before: unknown;
  beforeAll(async () => {
    before = traces();
    report = await suite(command, "none", []);
    // By what each was stopped, for people: the names of tests are fixed before anything has run.
    process.stdout.write(`${readable(report)}\n`);
  }, LIMIT_MS);
  afterAll(() => {
    expect(traces()).toEqual(before);
  });

  it.for(ALL_CASES)("$id: $what", ({ id }, context) => {
    const result = report?.cases.find((one) => one.id === id);
    if (result?.outcome === "not-tested" && result.by === "not on this machine") context.skip(result.detail);
    expect(result?.outcome, `${result?.by ?? "not in the report"}: ${result?.detail ?? ""}`).toMatch(
      /^(stopped|detected)$/,
    );
    expect(result?.by).not.toBe("");
  });

  it("is green, and has every case once", () => {
    expect(report?.green).toBe(true);
    expect(report?.cases.map(({ id }) => id).toSorted()).toEqual(ALL_CASES.map(({ id }) => id).toSorted());
  });
});

/** A suite that cannot fail is worth nothing: cells that only look like cells, and the cases that must say so. */
const weak: readonly (readonly [weakness: string, red: readonly string[], green: readonly string[]])[] = [
  [
    "no-filter",
    ["vsock", "netfilter-socket", "user-namespace", "ptrace", "io-uring", "keyctl", "perf"],
    ["tcp-host", "host-file", "packet-socket"],
  ],
  [
    "no-guard",
    ["tcp-host", "udp-host", "port-scan", "broadcast", "arp-theft-as-root", "forged-frame-as-root"],
    ["unix-path", "host-file", "vsock"],
  ],
  ["no-limits", ["fork-bomb", "memory-hog", "disk-fill", "descriptors"], ["old-key"]],
];

describe.concurrent.each(weak)("cells with %s", (weakness, red, green) => {
  it(
    "turn the suite red at the cases that they open, and at no others",
    async () => {
      if (!isWeakness(weakness)) throw new Error(weakness);
      const report = await suite(LAB, weakness, [...red, ...green]);
      expect(report.green).toBe(false);
      const bad = report.cases.filter(({ outcome }) => outcome !== "stopped" && outcome !== "detected");
      expect(bad.map(({ id }) => id).toSorted(), readable(report)).toEqual([...red].toSorted());
    },
    LIMIT_MS,
  );
});

describe("a suite that is given up", () => {
  it(
    "is red, names what it did not try, and leaves nothing",
    async () => {
      const before = traces();
      const report = await suite(LAB, "given-up", []);
      expect(report.green).toBe(false);
      expect(report.cases.filter(({ outcome }) => outcome === "not-tested").length).toBeGreaterThan(10);
      expect(report.cases.filter(({ outcome }) => outcome === "escaped")).toEqual([]);
      expect(traces()).toEqual(before);
    },
    LIMIT_MS,
  );
});
