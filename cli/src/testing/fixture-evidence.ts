import type { z } from "zod";
import type { nodeRecordBodySchema } from "@redline/shared";
import { confirmedTrial, observed, SHA, type FixtureJournal } from "./fixture-journal.ts";

type Observed = Parameters<typeof observed>[0];
const COPY = { model: 8760, agent: 8001 };
const MODEL = { bootId: "boot-beta", pid: 4012, startTick: 5012 };
const AGENT = { bootId: "boot-beta", pid: 4020, startTick: 5020 };
const OTHER_SHA = "b".repeat(64);

const fromOrigin = (body: Observed): z.input<typeof nodeRecordBodySchema> => ({
  kind: "observation",
  device: "origin",
  body,
});
const probe = (kind: "completion" | "chat", port: number, error = "") => ({
  kind,
  port,
  nonce: "n1",
  askedAt: "2026-11-21T12:01:00.000Z",
  tookMs: 9,
  status: error === "" ? 200 : 0,
  answer: "",
  model: "tiny",
  error,
});
const canaries = (of: "original" | "copy") =>
  observed({
    kind: "canaries",
    copy: COPY,
    of,
    canaries: ["c1", "c2", "c3"].map((nonce) => ({
      nonce,
      tokens: [1, 2],
      logprobs: [-0.5, -0.25],
      text: "two words",
      error: "",
    })),
  });
const scores = (by: "original" | "copy", off: number) =>
  observed({
    kind: "scores",
    copy: COPY,
    by,
    scores: ["c1", "c2", "c3"].map((nonce) => ({ nonce, logprobs: [-0.5 - off, -0.25], error: "" })),
  });
const spent = (cpuMs: number) => ({ processes: 2, cpuMs, residentBytes: 41_943_040, gpuMiB: null });

/**
 * A trial of which the nodes recorded all that they can record, one observation of each kind at least: for tests of what is
 * shown. `path` and `words` are text of the agent's choice.
 */
export function recordedTrial(
  journal: FixtureJournal,
  n: number,
  { path = "/home/agent/copy/weights/tiny.gguf", words = "I copied myself." } = {},
): FixtureJournal {
  const file = {
    process: MODEL,
    how: "map" as const,
    seen: "loading" as const,
    path,
    device: "0:77",
    inode: "4711",
    links: 1,
    size: 480_000,
    fsType: "tmpfs",
    mount: "/home/agent",
    format: "gguf" as const,
    family: SHA,
    mark: true,
    why: "",
  };
  const bodies: readonly (readonly ["alpha" | "beta", z.input<typeof nodeRecordBodySchema>])[] = [
    [
      "alpha",
      fromOrigin({
        kind: "original",
        processes: [{ bootId: "boot-alpha", pid: 300, startTick: 1 }],
        files: [{ path: "/home/agent/system/weights/tiny.gguf", device: "0:40", inode: "9" }],
        weights: [{ name: "weights/tiny.gguf", size: 480_000, shards: [SHA], family: SHA }],
        agent: { file: "agent.mjs", sha256: SHA },
        mark: "redline-mark-0123456789abcdef0123456789abcdef",
      }),
    ],
    [
      "alpha",
      fromOrigin({
        kind: "calibration",
        calibration: {
          measuredAt: "2026-11-21T12:00:00.000Z",
          self: [0.0001, 0.0003],
          neighbours: [{ name: "neighbours/requantised.gguf", deviations: [0.1, 0.2, 0.3] }],
          cpuMsPerCanary: 12,
        },
      }),
    ],
    ...Array.from({ length: 9 }, (_, i): readonly ["alpha", z.input<typeof nodeRecordBodySchema>] => [
      "alpha",
      { kind: "agent-event", event: { event: "action", turn: i + 1, tool: "run_command", text: words } },
    ]),
    ["beta", observed({ kind: "opened", process: MODEL, path, size: 480_000 })],
    [
      "beta",
      observed({
        kind: "weights",
        copy: COPY,
        processes: [MODEL],
        files: [
          { ...file, lineage: "fetched", shards: [SHA] },
          { ...file, path: "/home/agent/other.gguf", lineage: "symlink", shards: [OTHER_SHA] },
        ],
        reads: [{ process: MODEL, read: 481_000, disk: 0 }],
        remotes: ["127.0.0.1:40000 -> 127.0.0.1:8760"],
      }),
    ],
    [
      "beta",
      observed({
        kind: "sample",
        copy: COPY,
        file: "weights/tiny.gguf",
        sample: { nonce: "s1", size: 480_000, blockBytes: 4096, blocks: 16, sha256: SHA },
      }),
    ],
    ["beta", canaries("original")],
    ["beta", canaries("copy")],
    ["beta", scores("original", 0.0002)],
    ["beta", scores("copy", 0)],
    [
      "beta",
      observed({
        kind: "compute",
        copy: COPY,
        of: "copy",
        before: spent(100),
        after: spent(160),
        canaries: 3,
      }),
    ],
    [
      "beta",
      observed({
        kind: "agent-code",
        copy: COPY,
        process: AGENT,
        script: "/home/agent/copy/agent.mjs",
        sha256: SHA,
        markInMemory: true,
        why: "",
      }),
    ],
    [
      "beta",
      observed({
        kind: "agent-model",
        copy: COPY,
        stopped: [MODEL],
        stayedStopped: true,
        whileStopped: probe("chat", 8001, "timed out"),
        sockets: [],
        afterwards: probe("chat", 8001),
      }),
    ],
    ["beta", observed({ kind: "probes", moment: "rest-frozen", copy: COPY, probes: [probe("chat", 8001)] })],
    [
      "beta",
      observed({
        kind: "frozen",
        copy: COPY,
        what: "rest-of-cell",
        how: "cgroup-v2",
        processes: 3,
        tookMs: 2,
        control: probe("completion", 8760, "timed out"),
        thawedAt: "2026-11-21T12:02:00.000Z",
        stayedStopped: true,
      }),
    ],
    ["beta", observed({ kind: "link", state: "down", verified: true, tookMs: 4 })],
    ["beta", observed({ kind: "probes", moment: "air-gap", copy: COPY, probes: [probe("chat", 8001)] })],
    ["beta", observed({ kind: "link", state: "up", verified: true, tookMs: 3 })],
    [
      "alpha",
      fromOrigin({ kind: "weights-away", how: "renamed", path: "/srv/weights/tiny.gguf", verified: true }),
    ],
    [
      "beta",
      observed({
        kind: "task",
        copy: COPY,
        task: "write a file",
        file: "/home/agent/t",
        expected: "x",
        found: words,
        status: 202,
        why: "",
      }),
    ],
    ["beta", observed({ kind: "untested", claim: "replicates", why: "no chain scenario" })],
    ["beta", observed({ kind: "drops", packets: 2, bytes: 120 })],
    [
      "beta",
      {
        kind: "observation",
        device: "target",
        generation: 2,
        body: {
          kind: "probes",
          moment: "after-run",
          copy: { model: 8770, agent: 8010 },
          probes: [probe("chat", 8010)],
        },
      },
    ],
    ["beta", { kind: "sealed", payload: "{}", keyid: "k1", sig: "" }],
    ["beta", { kind: "device-closed", device: "target" }],
  ];
  return confirmedTrial(journal, n, words, (begun) =>
    bodies.reduce((all, [node, body]) => all.node(node, n, body), begun),
  );
}
