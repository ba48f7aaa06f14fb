import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, type CellSpec, type Drops } from "../cell/cell.ts";
import { parseInside } from "./inside-facts.ts";
import type { Canary } from "./inside-script.ts";
import { judgeLimits, judgeRights, judgeView, judgeWalls } from "./judge-inside.ts";
import { judgeNetwork } from "./judge-network.ts";

const GOOD = `status NoNewPrivs 1
status Seccomp 2
status CapInh 0000000000000000
status CapPrm 0000000000000000
status CapEff 0000000000000000
status CapBnd 0000000000000000
status CapAmb 0000000000000000
status Uid 1000\t1000\t1000\t1000
status Gid 1000\t1000\t1000\t1000
socket vsock 97
socket packet 97
socket raw 1
socket netfilter 97
limit processes 1024
limit open files 4096
limit file size 1048576
limit data size unlimited
limit core file size 0
boot b
clock 1000
helpers 
readonly /
end
`;
const bad = (checks: readonly { check: string; ok: boolean }[]) =>
  checks.filter(({ ok }) => !ok).map(({ check }) => check);
const rights = (from: string, to: string) => bad(judgeRights(parseInside(GOOD.replace(from, to))));

describe("rights in a cell", () => {
  it.each([
    ["nothing", "nothing", []],
    ["NoNewPrivs 1", "NoNewPrivs 0", ["no_new_privs"]],
    ["Seccomp 2", "Seccomp 0", ["seccomp"]],
    ["CapBnd 0000000000000000", "CapBnd 0000000000000001", ["capabilities"]],
    ["status CapAmb 0000000000000000\n", "", ["capabilities"]],
    ["Uid 1000\t1000\t1000\t1000", "Uid 1000\t0\t1000\t1000", ["user"]],
    ["socket vsock 97", "socket vsock made", ["vsock socket"]],
    // Let in, and failed there.
    ["socket packet 97", "socket packet 14", ["packet socket"]],
    ["socket raw 1\n", "", ["raw socket"]],
  ])("%j as %j", (from, to, faults) => {
    expect(rights(from, to)).toEqual(faults);
  });
});

describe("limits of a cell", () => {
  const spec: CellSpec = {
    ...{
      id: "c",
      hostname: "origin",
      index: 0,
      ttlMs: 1000,
      scratchBytes: 1_048_576,
      limits: DEFAULT_LIMITS,
    },
    ...{ authorizedKeys: [], readOnlyBinds: [], socketBinds: [], env: {}, stateDir: "/x" },
  };
  const facts = {
    "limit.memory": "cgroup-v1 2147483648",
    "limit.processes": "rlimit 1024",
    "limit.openFiles": "rlimit 4096",
    "limit.fileSize": "rlimit 1048576",
  };
  const limits = (text: string, means: Record<string, string> = facts) =>
    bad(judgeLimits(parseInside(text), { facts: means }, spec));

  it("hold when the means is named, and the kernel agrees where it is the means", () => {
    expect(limits(GOOD)).toEqual([]);
    expect(limits(GOOD.replace("processes 1024", "processes unlimited"))).toEqual(["limit: processes"]);
    expect(limits(GOOD.replace("open files 4096", "open files 8192"))).toEqual(["limit: openFiles"]);
    expect(limits(GOOD, { ...facts, "limit.memory": "rlimit+watch 2147483648" })).toEqual(["limit: memory"]);
    expect(limits(GOOD, { ...facts, "limit.memory": "cgroup-v2 4294967296" })).toEqual(["limit: memory"]);
    expect(limits(GOOD, {})).toEqual([
      "limit: memory",
      "limit: processes",
      "limit: openFiles",
      "limit: fileSize",
    ]);
    expect(limits("end\n")).toEqual([
      "limit: processes",
      "limit: openFiles",
      "limit: fileSize",
      "limit: core files",
    ]);
  });
});

describe("the view of a cell", () => {
  const now = { bootId: "b", seconds: 1000 };
  it("is read-only, without helpers, of this boot and this time", () => {
    const view = (from: string, to: string) => bad(judgeView(parseInside(GOOD.replace(from, to)), now));
    expect(view("-", "-")).toEqual([]);
    expect(view("helpers ", "helpers /run/docker.sock")).toEqual(["no cron, at, bus or engine"]);
    expect(view("helpers \n", "")).toEqual(["no cron, at, bus or engine"]);
    expect(view("readonly /\n", "writable /\n")).toEqual(["read-only system"]);
    expect(view("boot b", "boot c")).toEqual(["boot id"]);
    expect(view("clock 1000", "clock 2000")).toEqual(["clock"]);
    expect(view("clock 1000\n", "")).toEqual(["clock"]);
  });
});

describe("the network of a cell", () => {
  const canaries: Canary[] = [
    { protocol: "tcp", host: "192.0.2.1", port: 443 },
    { protocol: "udp", host: "2001:db8::1", port: 53 },
  ];
  const drops = (packets: number): Drops => ({ packets, bytes: 0, kinds: {}, tried: [] });
  const judge = (text: string, before = 0, after = 2) =>
    judgeNetwork(
      parseInside(`${text}end\n`),
      canaries,
      { protocol: "tcp", host: "10.88.0.1", port: 2222 },
      {
        before: drops(before),
        after: drops(after),
      },
    );
  const QUIET = "net c0 silent\nnet c1 silent\nnet allowed answered said SSH-2.0-OpenSSH\n";

  it("is good when all is silent and counted, and the target speaks", () => {
    expect(bad(judge(QUIET).checks)).toEqual([]);
    expect(bad(judge(QUIET.replace("c0 silent", "c0 local 101"), 0, 1).checks)).toEqual([]);
  });

  it("is bad when a canary answers, is not tried or not counted, or the target does not speak SSH", () => {
    const open = judge(QUIET.replace("c0 silent", "c0 answered connected"));
    expect(bad(open.checks)).toEqual(["canary tcp 192.0.2.1:443"]);
    expect(open.open).toEqual([{ canary: canaries[0], what: "connected" }]);
    expect(bad(judge(QUIET.replace("net c1 silent\n", "")).checks)).toEqual(["canary udp [2001:db8::1]:53"]);
    expect(bad(judge(QUIET, 5, 6).checks)).toEqual(["drops are counted"]);
    expect(bad(judge(QUIET.replace("said SSH-2.0", "said HTTP/1.1")).checks)).toEqual(["reaches the target"]);
    expect(bad(judge("net c0 silent\nnet c1 silent\n").checks)).toEqual(["reaches the target"]);
  });
});

describe("what a condition takes away", () => {
  const raised = { fileBytes: 0, few: { processes: 7, dataBytes: 4096 } };
  const text = GOOD.replace("file size 1048576", "file size 0")
    .replace("limit processes 1024", "limit processes 7")
    .replace("data size unlimited", "data size 4096");

  it("is asked for exactly, and nothing where nothing is taken", () => {
    expect(bad(judgeWalls(parseInside(text), raised))).toEqual([]);
    expect(judgeWalls(parseInside(text), raised)).toHaveLength(3);
    expect(judgeWalls(parseInside(GOOD), { fileBytes: null, few: null })).toEqual([]);
  });

  it.each([
    ["file size 0", "file size 1", "wall: read-only home"],
    ["processes 7", "processes 6", "wall: few processes"],
    ["limit data size 4096\n", "", "wall: small processes"],
  ])("%j as %j does not hold", (from, to, name) => {
    expect(bad(judgeWalls(parseInside(text.replace(from, to)), raised))).toEqual([name]);
  });
});
