import { describe, expect, it } from "vitest";
import { baselineOf } from "./baseline.ts";
import { compare, type CompareInput } from "./compare.ts";
import { checkFiles } from "./files-check.ts";
import { checkGpuMemory } from "./gpu-memory.ts";
import type { NodeLook } from "./node-look.ts";
import { outcome } from "./outcome.ts";
import type { ProcessRow } from "./process-row.ts";
import type { SocketRow } from "./socket-row.ts";
import type { LiveCell, Trial } from "./trial-traces.ts";

const UID = 1_900_000_003;
const HOST = ["pid:[4026531836]", "net:[1]", "mnt:[2]", "user:[4026531837]", "ipc:[4026531839]", "uts:[3]"];
/** As in the lab: PID, user and other namespaces are not the machine's first. */
const LAB = ["pid:[10]", "net:[11]", "mnt:[12]", "user:[13]", "ipc:[4026531839]", "uts:[14]"];
const CELL = ["pid:[20]", "net:[21]", "mnt:[22]", "user:[23]", "ipc:[24]", "uts:[25]"];
const ids = { pid: "20", net: "21", mnt: "22", user: "23", ipc: "24", uts: "25" };

const process_ = (pid: number, parent: number, more: Partial<ProcessRow> = {}): ProcessRow => ({
  ...{ pid, parent, startTick: pid, name: `p${pid}`, uids: [0], namespaces: HOST, groups: "" },
  ...{ sockets: [], heldNamespaces: [], files: [], gpu: false, partly: false },
  ...more,
});

const look = (processes: readonly ProcessRow[], more: Partial<NodeLook> = {}): NodeLook => ({
  self: { pid: 100, uid: 0, namespaces: HOST },
  processes: [process_(1, 0), process_(100, 1), ...processes],
  ...{
    sockets: [],
    namespaceMounts: [],
    mounts: [],
    sysv: [],
    queues: true,
    gpus: true,
    loops: [],
    missing: [],
  },
  sharedMemory: { entries: [], unreadable: [] },
  openPlaces: { entries: [], unreadable: [] },
  timers: { digests: {}, unreadable: [] },
  jobs: { digests: {}, unreadable: [] },
  authorizedKeys: { digests: {}, unreadable: [], keys: {} },
  ...more,
});

const trial: Trial = {
  ...{
    uids: [UID],
    namespaces: [ids],
    cellIds: ["c3-o"],
    groups: ["redline-cell-1"],
    publicKeys: [],
    keyFiles: [],
    paths: ["/state/c3"],
  },
  addresses: [{ address: "10.88.3.1", port: 0 }],
};
const other: LiveCell = { uid: UID, namespaces: {}, paths: ["/state/c4"], address: "", gpus: [] };

function dirty(now: NodeLook, more: Partial<CompareInput> = {}): string[] {
  const before = baselineOf({
    ...now,
    processes: now.processes.filter(({ pid }) => pid <= 100),
    sockets: [],
    sysv: [],
  });
  const { checks } = compare({ look: now, before, trial, others: [], privatePlaces: [], ...more });
  return checks.filter(({ clean }) => clean === false).map(({ check }) => check);
}

it("leaves in doubt who has a GPU open while not all descriptors were looked at", () => {
  const now = look([process_(50, 1, { partly: true })]);
  const input = { before: baselineOf(now), trial, others: [], privatePlaces: [] };
  const { checks } = compare({ look: now, ...input });
  const holders = checks.find(({ check }) => check === "gpu-holders");
  expect(holders?.clean).toBeNull();
  expect(holders?.why).toContain("50 p50");
});

describe("whose a process is", () => {
  it("is not told by a namespace that cells share with the daemon", () => {
    const sharing = { ...other, uid: UID + 1, namespaces: { user: "4026531837" } };
    expect(dirty(look([process_(200, 1, { uids: [UID] })]), { others: [sharing] })).toEqual(["processes"]);
  });

  it.each([
    ["a new service of the machine", process_(200, 1), []],
    ["a child of the daemon", process_(200, 100, { gpu: true }), []],
    ["the trial's user", process_(200, 1, { uids: [0, UID] }), ["processes"]],
    ["the trial's user below the daemon", process_(200, 100, { uids: [UID] }), ["processes"]],
    [
      "a member of its network namespace",
      process_(200, 100, { namespaces: [...HOST, "net:[21]"] }),
      ["processes"],
    ],
    [
      "a member of its control group",
      process_(200, 1, { groups: "4:pids:/redline-cell-1/x\n" }),
      ["processes"],
    ],
    ["a member of a group named after its cell", process_(200, 1, { groups: "0::/c3-o\n" }), ["processes"]],
    ["a holder of its namespace", process_(200, 1, { heldNamespaces: ["net:[21]"] }), ["namespaces"]],
    [
      "the trial's user in hidden namespaces",
      process_(200, 1, { uids: [UID], namespaces: ["user:[77]"] }),
      ["processes", "namespaces"],
    ],
    ["a stranger with a GPU", process_(200, 1, { gpu: true }), ["gpu-holders"]],
  ] as const)("%s", (_, row, expected) => {
    expect(dirty(look([row]))).toEqual(expected);
  });

  it("is the next cell's when the slot is in use again and the daemon started it", () => {
    const started = look([process_(200, 100, { uids: [UID] })]);
    const inherited = look([process_(200, 1, { uids: [UID] })]);
    expect(dirty(started, { others: [other] })).toEqual([]);
    expect(dirty(inherited, { others: [other] })).toEqual(["processes"]);
    expect(
      dirty(look([process_(200, 1, { uids: [UID], namespaces: CELL })]), {
        others: [{ ...other, namespaces: ids }],
      }),
    ).toEqual([]);
  });

  it("is the trial's in a world of the daemon's own when nobody accounts for it", () => {
    const self = { pid: 100, uid: 0, namespaces: LAB };
    const rootless = { trial: { ...trial, uids: [0] } };
    const unix: SocketRow = {
      table: "unix",
      netns: "net:[11]",
      name: "@x",
      listens: true,
      uid: null,
      inode: "5",
    };
    expect(dirty(look([process_(200, 1, { namespaces: LAB })], { self }), rootless)).toEqual(["processes"]);
    expect(dirty(look([process_(200, 100, { namespaces: LAB })], { self }), rootless)).toEqual([]);
    expect(dirty(look([], { self, sockets: [unix] }), rootless)).toEqual(["sockets"]);
    // On the machine itself the same means nothing.
    expect(dirty(look([process_(200, 1)]), rootless)).toEqual([]);
  });
});

describe("what else is left", () => {
  const tcp = (name: string, more: Partial<SocketRow> = {}): SocketRow => ({
    ...{ table: "tcp", netns: "net:[1]", name, listens: true, uid: 0, inode: "9" },
    ...more,
  });
  it("a listener that is not the daemon's, or stands where the trial's stood", () => {
    const daemons = process_(200, 100, { sockets: ["9"] });
    expect(dirty(look([], { sockets: [tcp("0.0.0.0 80")] }))).toEqual(["listeners"]);
    expect(dirty(look([daemons], { sockets: [tcp("0.0.0.0 80")] }))).toEqual([]);
    expect(dirty(look([daemons], { sockets: [tcp("10.88.3.1 80")] }))).toEqual(["listeners", "keys"]);
    const address = "10.88.3.1";
    expect(
      dirty(look([daemons], { sockets: [tcp("10.88.3.1 80")] }), { others: [{ ...other, address }] }),
    ).toEqual([]);
  });

  it("a socket of its user that nobody holds, unless the slot is in use again", () => {
    const row = tcp("10.0.0.1 80", { listens: false, uid: UID, inode: "0" });
    expect(dirty(look([], { sockets: [row] }))).toEqual(["sockets"]);
    expect(dirty(look([], { sockets: [row] }), { others: [other] })).toEqual([]);
  });

  it("an open file of its user or below its folders, by whoever", () => {
    const file = (path: string, uid: number) => ({ path, uid, deleted: true });
    expect(dirty(look([process_(200, 1, { files: [file("/x", UID)] })]))).toEqual(["deleted-files"]);
    expect(dirty(look([process_(200, 100, { files: [file("/state/c3/tar", 0)] })]))).toEqual([
      "deleted-files",
    ]);
    expect(
      dirty(look([process_(200, 100, { files: [file("/state/c4/tar", UID)] })]), { others: [other] }),
    ).toEqual([]);
    expect(dirty(look([process_(200, 1, { files: [file("/x", 0)] })]))).toEqual([]);
  });

  it("a segment of its user; where it has none of its own it cannot be told", () => {
    const sysv = [{ kind: "shm" as const, id: "1", uids: [UID, 0] }];
    expect(dirty(look([], { sysv }))).toEqual(["sysv"]);
    const now = look([], { sysv: [{ kind: "shm", id: "1", uids: [0] }] });
    const before = baselineOf(look([]));
    const { checks } = compare({
      look: now,
      before,
      trial: { ...trial, uids: [0] },
      others: [],
      privatePlaces: [],
    });
    const found = checks.find(({ check }) => check === "sysv");
    expect(found?.clean).toBeNull();
    expect(found?.why).toContain("shm 1");
  });

  it("nothing is proved by a table that could not be read", () => {
    const now = look([], { missing: ["/proc/sysvipc/shm"] });
    const { checks } = compare({ look: now, before: baselineOf(now), trial, others: [], privatePlaces: [] });
    expect(new Set(checks.map(({ clean }) => clean))).toEqual(new Set([null]));
  });

  it("at the daemon's start, what is its cells' by itself", () => {
    const now = look([process_(200, 1, { uids: [UID] }), process_(201, 1)], {
      mounts: [
        {
          id: "1",
          root: "net:[9]",
          point: "/run/netns/redline-3",
          fsType: "nsfs",
          options: [],
          superOptions: [],
        },
      ],
    });
    expect(dirty(now, { before: null, trial: { ...trial, namespaces: [] } })).toEqual([
      "processes",
      "mounts",
    ]);
  });
});

describe("files and GPUs", () => {
  const places = { left: [], doubtful: [], unreadable: [] };
  it("finds files, and doubts what was not walked or not told", () => {
    const isOthers = (path: string) => path.startsWith("/state/c4");
    const files = (found: string[], why: string) =>
      checkFiles({ places, remaining: [], walk: { found, why }, isOthers }).clean;
    expect([
      files([], ""),
      files([], "not finished"),
      files(["/x"], "not finished"),
      files(["/state/c4/key"], ""),
    ]).toEqual([true, null, false, true]);
    expect(checkFiles({ places, remaining: ["/state/c3"], walk: null, isOthers }).clean).toBe(false);
    const doubtful = checkFiles({
      places: { ...places, doubtful: ["/tmp/x"] },
      remaining: [],
      walk: null,
      isOthers,
    });
    expect([doubtful.clean, doubtful.why]).toEqual([null, expect.stringContaining("/tmp/x")]);
  });

  it("compares each GPU with itself, but those of other cells", () => {
    const gpu = (index: number, memoryUsedMiB: number) => ({
      index,
      model: "T",
      memoryTotalMiB: 8192,
      memoryUsedMiB,
      uuid: `GPU-${index}`,
    });
    const before = [gpu(0, 100), gpu(1, 100)];
    const clean = (now: typeof before, others: LiveCell[] = []) =>
      checkGpuMemory(before, now, trial, others).clean;
    expect(clean([gpu(0, 164), gpu(1, 90)])).toBe(true);
    expect(clean([gpu(0, 165), gpu(1, 100)])).toBe(false);
    expect(clean([gpu(0, 9000), gpu(1, 100)], [{ ...other, gpus: [0] }])).toBe(true);
    expect(clean([])).toBeNull();
  });

  it("bounds and cleans hostile text", () => {
    const { found, left } = outcome(
      "files",
      Array.from({ length: 12 }, () => `/tmp/\u001b[2J${"x".repeat(5000)}\n`),
    );
    expect([found, left.length]).toEqual([12, 10]);
    for (const text of left) expect(text.length <= 300 && !/[\u001b\n]/.test(text)).toBe(true);
  });
});

describe("without a baseline", () => {
  it("no check that needs one is clean", () => {
    const input = {
      before: null,
      trial: { ...trial, uids: [0], namespaces: [] },
      others: [],
      privatePlaces: [],
    };
    const { checks } = compare({ ...input, look: look([]) });
    const clean = checks.filter((one) => one.clean === true).map(({ check }) => check);
    expect(clean).toEqual(["namespaces", "sockets", "deleted-files", "keys"]);
  });
});
