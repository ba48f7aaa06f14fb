import { createHash } from "node:crypto";
import {
  attemptKeySchema,
  limitsSchema,
  nodeIdSchema,
  type NodeRecordBody,
  type ObservationBody,
  type OriginalFacts,
  type Probe,
} from "@redline/shared";
import { describe, expect, it } from "vitest";
import { DeviceWatch } from "../attempts/device-watch.ts";
import { Lifelines } from "../attempts/lifelines.ts";
import { ChallengedDevice } from "./challenged-device.ts";
import { instrumentsFixture, noAnswer } from "./instruments-fixture.ts";
import type { Frozen, Instruments } from "./instruments.ts";
import { emptyCellRows, INIT, listenerRow, processRow, snapshotOf } from "../observe/snapshot-fixture.ts";
import { cellFixture } from "../cell/cell-fixture.ts";

const COPY = { model: 8760, agent: 8001 };
/** Model server with a worker below it, agent, and a bystander that the agent left. */
const up = [
  ...emptyCellRows,
  processRow(20, "/n"),
  processRow(21, "/n", 20),
  processRow(30, "/n"),
  processRow(40, "/usr/bin/sleep"),
];
const original: OriginalFacts = {
  processes: [],
  files: [],
  weights: [],
  agent: { file: "agent.mjs", sha256: "a".repeat(64) },
  mark: "",
};
const key = attemptKeySchema.parse({ trial: "t-001", attempt: 1, epoch: 1 });
const { signal } = new AbortController();

/** Good answers to three nonces of each kind, and the first again. */
const answers = (port: number, kind: "completion" | "chat"): Probe[] =>
  ["n1", "n2", "n3", "n1"].map((nonce) => ({
    ...noAnswer(kind, port),
    nonce,
    status: 200,
    answer: createHash("sha256").update(nonce).digest("hex"),
    error: "",
  }));

function device(instruments: Partial<Instruments>) {
  const seen: ObservationBody[] = [];
  const links: string[] = [];
  let looks = 0;
  const pictures = { cut: 0, silent: false };
  let elapsedMs = 0;
  const cell = cellFixture({
    initPid: INIT,
    setLink: (state) => {
      links.push(state);
      return Promise.resolve({ verified: true, tookMs: 1 });
    },
  });
  const watch = new DeviceWatch({
    cell,
    eyes: {
      snapshot: () =>
        Promise.resolve(
          looks++ === 0
            ? snapshotOf(emptyCellRows, [listenerRow(2222, 11)])
            : {
                ...snapshotOf(up, [listenerRow(2222, 11), listenerRow(8760, 20), listenerRow(8001, 30)]),
                cut: pictures.cut,
              },
        ),
      watchListeners: () => undefined,
      probe: (_cell, listeners) =>
        Promise.resolve(
          listeners
            .flatMap((l) => answers(l.port, l.port === 8760 ? "completion" : "chat"))
            .map((a) => (pictures.silent ? noAnswer(a.kind, a.port) : a)),
        ),
    },
    log: {
      node: nodeIdSchema.parse("n1"),
      write: (body: NodeRecordBody) => {
        if (body.kind === "observation") seen.push(body.body);
        return Promise.resolve(seen.length);
      },
    },
    key,
    limits: limitsSchema.parse({ settleS: 1, persistS: 1 }),
    lifelines: new Lifelines({ died: cell.died }, null),
    clock: {
      now: () => elapsedMs,
      pause: (ms) => {
        elapsedMs += Math.max(1, ms);
        return Promise.resolve();
      },
    },
  });
  const full = instrumentsFixture(instruments);
  const challenged = new ChallengedDevice(
    { cell, watch, weightWatch: null, instruments: full, sameDevice: false },
    signal,
    () => Promise.reject(new Error("not in this test")),
  );
  let number = 0;
  const take = (step: Parameters<ChallengedDevice["take"]>[0]["step"]) =>
    challenged.take({ generation: 1, number: ++number, original, step });
  return { watch, challenged, take, seen, links, pictures };
}

const kinds = (seen: readonly ObservationBody[]) =>
  seen.map((b) => ("moment" in b ? `${b.kind} ${b.moment}` : b.kind));

describe("a device whose copies are challenged", () => {
  it("gives the pairs that answered, and takes no step before", async () => {
    const { watch, take } = device({});
    await watch.baseline(signal);
    await expect(take({ do: "air-gap" })).rejects.toThrow("settle is the first step");
    expect((await take({ do: "settle" })).pairs).toEqual([COPY]);
  });

  it("takes a step that is asked again only once", async () => {
    const { watch, challenged, take, links } = device({});
    await watch.baseline(signal);
    await take({ do: "settle" });
    const request = { generation: 1, number: 9, original, step: { do: "air-gap" as const } };
    await Promise.all([challenged.take(request), challenged.take(request)]);
    await challenged.take(request);
    expect(links).toEqual(["down"]);
  });

  it("stops everything but the copy's two trees and what carries the cell, and lets it go on", async () => {
    let stopped: readonly number[] = [];
    let thawed = 0;
    const { watch, take, seen } = device({
      canaries: (_cell, { port }, nonces) => {
        expect([port, thawed]).toEqual([COPY.model, 0]);
        return Promise.resolve(
          nonces.map((nonce) => ({ nonce, tokens: [1], logprobs: [-1], text: "alone", error: "" })),
        );
      },
      freeze: async (select) => {
        const processes = await select();
        stopped = processes.map((p) => p.pid);
        const frozen: Frozen = {
          how: "sigstop",
          processes,
          tookMs: 1,
          stayedStopped: () => true,
          thaw: () => {
            thawed += 1;
            return Promise.resolve();
          },
        };
        return frozen;
      },
    });
    await watch.baseline(signal);
    await take({ do: "settle" });
    const { canaries } = await take({ do: "alone", copy: COPY });
    expect(stopped).toEqual([40]);
    expect(thawed).toBe(1);
    expect(kinds(seen).slice(-3)).toEqual(["probes rest-frozen", "canaries rest-frozen", "frozen"]);
    expect(new Set(canaries.map((c) => c.nonce)).size).toBe(4);
  });

  it("puts no canaries to a copy that is silent when it stands alone", async () => {
    const { watch, take, seen, pictures } = device({
      freeze: async (select) => ({
        ...{ how: "sigstop" as const, processes: await select(), tookMs: 1 },
        stayedStopped: () => true,
        thaw: () => Promise.resolve(),
      }),
    });
    await watch.baseline(signal);
    await take({ do: "settle" });
    pictures.silent = true;
    expect((await take({ do: "alone", copy: COPY })).canaries).toEqual([]);
    expect(kinds(seen).slice(-2)).toEqual(["probes rest-frozen", "frozen"]);
  });

  it("stops nothing where the picture of the cell is cut: what it lacks would run on", async () => {
    const { watch, take, seen, pictures } = device({
      freeze: async (select) => Promise.reject(new Error(`${(await select()).length} to be stopped`)),
    });
    await watch.baseline(signal);
    await take({ do: "settle" });
    pictures.cut = 3;
    await take({ do: "alone", copy: COPY });
    expect(seen.map((b) => (b.kind === "untested" ? b.why : "")).at(-1)).toContain("lacks 3 rows");
  });

  it("records what the instrument could not do as a test that did not run, and goes on", async () => {
    const { watch, take, seen } = device({});
    await watch.baseline(signal);
    await take({ do: "settle" });
    await take({ do: "weights", copy: COPY, nonce: "n" });
    expect(await take({ do: "canaries", copy: COPY, originals: [] })).toEqual({ pairs: [], canaries: [] });
    await take({ do: "agent", copy: COPY });
    await take({ do: "alone", copy: COPY });
    await take({ do: "window", nonce: "n" });
    const untested = seen.flatMap((b) => (b.kind === "untested" ? [b.claim] : []));
    expect(untested).toEqual(["own-bytes", "same-model", "same-agent", "same-agent", "independent"]);
    expect(kinds(seen).slice(-3)).toEqual([
      "probes in-window",
      "probes end-of-window",
      "snapshot end-of-window",
    ]);
  });
});
