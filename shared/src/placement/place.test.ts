import { describe, expect, it } from "vitest";
import { nodeIdSchema } from "../ids.ts";
import type { Inventory } from "../messages/inventory.ts";
import type { PlaceInput } from "./demand.ts";
import { place } from "./place.ts";
import {
  gpusFixture,
  heldFixture,
  nodeFixture,
  queueFixture,
  waitingFixture,
  type QueueFixture,
} from "./placement-fixture.ts";

const SELF_TEST = { at: "2026-01-01T00:00:00.000Z", stopped: 40, detected: 2, notTested: 1 };
const GREEN: NonNullable<Inventory["selfTest"]> = { ...SELF_TEST, green: true, escaped: [] };
const RED = { ...SELF_TEST, green: false, escaped: ["cron"] };
const N = (index: number) => nodeIdSchema.parse(`n${index}`);

const look = (queues: readonly QueueFixture[], nodes: readonly Inventory[], more: Partial<PlaceInput> = {}) =>
  place({ queues: queues.map(queueFixture), nodes, held: new Map(), ...more });
const pairs = ({ assignments }: ReturnType<typeof look>) =>
  assignments.map(({ devices }) => `${devices.origin} ${devices.target}`);
const why = (queue: QueueFixture, ...nodes: Inventory[]) => look([queue], nodes).unplaced[0]?.why;

describe("which nodes", () => {
  it("gives a real model to nodes with a green self-test only, on both sides, and says what to type", () => {
    const needs = { realModel: true };
    const on = (...tests: (typeof GREEN | null)[]) =>
      look(
        [{ needs }],
        tests.map((selfTest, i) => nodeFixture(i, { selfTest })),
      );
    expect(on(GREEN, GREEN).assignments).toHaveLength(1);
    expect(on(GREEN, RED).assignments).toEqual([]);
    expect(on(GREEN, null).unplaced).toMatchObject([
      {
        ...{ trial: "s-00000", never: true },
        why: "a brain that is not scripted needs nodes with a green containment self-test on this boot; without one: n1; run `redline node selftest n1`",
      },
    ]);
    expect(on(RED, GREEN).unplaced[0]?.why).toContain("without one: n0 (red: n0);");
    // Where more than the self-test is missing, that is said first.
    expect(on(null).unplaced[0]?.why).toBe(
      "origin and target must be two different nodes, and only one fits",
    );
    expect(look([{}], [nodeFixture(0), nodeFixture(1)]).assignments).toHaveLength(1);
  });

  it("leaves out a node of another protocol, and says which side to upgrade", () => {
    expect(why({}, nodeFixture(0, { protocols: [7] }), nodeFixture(1, { protocols: [7] }))).toMatch(
      /^the coordinator speaks protocol 1 and the node daemon of n0 7: upgrade the coordinator; .* n1 /,
    );
    expect(
      pairs(
        look(
          [{}],
          [0, 1, 2].map((i) => nodeFixture(i, i === 1 ? { protocols: [7] } : {})),
        ),
      ),
    ).toEqual(["n0 n2"]);
  });

  it("asks the origin for the specimen, and the target too where weights are shared", () => {
    const bare = { specimens: [] };
    expect(pairs(look([{}], [nodeFixture(0, bare), nodeFixture(1)]))).toEqual(["n1 n0"]);
    const shared = { needs: { sharedWeights: true } };
    expect(why(shared, nodeFixture(0, bare), nodeFixture(1))).toBe(
      "origin and target must be two different nodes, and only one fits",
    );
    expect(
      pairs(
        look(
          [shared],
          [0, 1, 2].map((i) => nodeFixture(i, i === 0 ? bare : {})),
        ),
      ),
    ).toEqual(["n1 n2"]);
    expect(why({ needs: { origin: { labels: { zone: "a" } } } }, nodeFixture(0), nodeFixture(1))).toBe(
      "no ready node carries the origin's labels zone=a",
    );
  });

  it("takes off the memory of others where trials ask for some", () => {
    const needs = {
      shape: "local-copy",
      origin: { labels: {}, memoryMiB: 300 },
      target: { labels: {}, memoryMiB: 200 },
    } as const;
    const queue: QueueFixture = { trials: 4, needs };
    expect(look([queue], [nodeFixture(0, { memoryMiB: 1200 })]).assignments).toHaveLength(2);
    const held = new Map([[N(0), heldFixture(1, [], 300)]]);
    expect(look([queue], [nodeFixture(0, { memoryMiB: 1200 })], { held }).assignments).toHaveLength(1);
    const { unplaced } = look([queue], [nodeFixture(0, { memoryMiB: 400 })]);
    expect(unplaced).toMatchObject([{ never: true, why: "no node can be origin and target at once" }]);
    expect(why({ needs: { target: { labels: {}, memoryMiB: 5000 } } }, nodeFixture(0), nodeFixture(1))).toBe(
      "the target asks for 5000 MiB of memory, and of the nodes that fit the largest has 1000",
    );
  });
});

describe("GPUs", () => {
  const need = (count: number, more = {}) => ({ labels: {}, gpus: { count, ...more } });
  const withGpus = (index: number, sizes: readonly number[], used?: readonly number[]) =>
    nodeFixture(index, { gpus: gpusFixture(index, sizes, used) });

  it("gives each device the smallest that do, by index and uuid, and none twice", () => {
    const needs = { shape: "local-copy", origin: need(1, { memoryMiB: 20_000 }), target: need(2) } as const;
    const { assignments, unplaced } = look(
      [{ needs, trials: 3 }],
      [withGpus(0, [80_000, 24_000, 24_000, 80_000, 16_000, 24_000])],
    );
    expect(assignments.map(({ gpus }) => gpus)).toEqual([
      {
        origin: [{ index: 1, uuid: "GPU-0-1" }],
        target: [
          { index: 4, uuid: "GPU-0-4" },
          { index: 2, uuid: "GPU-0-2" },
        ],
      },
      {
        origin: [{ index: 5, uuid: "GPU-0-5" }],
        target: [
          { index: 0, uuid: "GPU-0-0" },
          { index: 3, uuid: "GPU-0-3" },
        ],
      },
    ]);
    expect(unplaced).toMatchObject([{ never: false, why: "all fitting nodes are busy" }]);
    // The GPUs that trials hold are not free, though the node has slots.
    const held = new Map([[N(0), heldFixture(1, ["GPU-0-0"])]]);
    expect(
      look(
        [{ needs: { shape: "local-copy", origin: need(1), target: need(1) } }],
        [withGpus(0, [24_000, 24_000])],
        { held },
      ).assignments,
    ).toEqual([]);
  });

  it("serves two devices of one node with different wishes, where taking the smallest first for one would not", () => {
    const needs = { shape: "local-copy", origin: need(1), target: need(1, { memoryMiB: 20_000 }) } as const;
    const [only] = look([{ needs }], [withGpus(0, [24_000, 80_000])]).assignments;
    expect(only?.gpus).toEqual({
      origin: [{ index: 0, uuid: "GPU-0-0" }],
      target: [{ index: 1, uuid: "GPU-0-1" }],
    });
    const crossed = { ...needs, origin: need(1, { model: "a10" }), target: need(1) };
    const [other] = look([{ needs: crossed }], [withGpus(0, [24_000, 80_000])]).assignments;
    expect(other?.gpus?.origin).toEqual([{ index: 0, uuid: "GPU-0-0" }]);
  });

  it("finds them by part of the model's name, in any case", () => {
    const nodes = [withGpus(0, [24_000]), withGpus(1, [80_000]), nodeFixture(2)];
    const h100 = { needs: { target: need(1, { model: "h100" }) } };
    // The origin needs none: it goes where there is none.
    expect(pairs(look([h100], nodes))).toEqual(["n2 n1"]);
    expect(why({ needs: { target: need(2, { model: "B200", memoryMiB: 9 }) } }, ...nodes)).toBe(
      'no node that fits has the GPUs of the target: 2 of "B200" with 9 MiB or more each',
    );
  });

  it("keeps big nodes free for those who need them", () => {
    const nodes = [
      withGpus(0, [80_000, 80_000]),
      withGpus(1, [24_000]),
      withGpus(2, [24_000, 80_000]),
      nodeFixture(3),
    ];
    const local = { shape: "local-copy" } as const;
    expect(pairs(look([{ needs: local, trials: 5 }], nodes))).toEqual([
      "n3 n3",
      "n3 n3",
      "n3 n3",
      "n3 n3",
      "n1 n1",
    ]);
    expect(pairs(look([{ needs: { ...local, origin: need(1, { memoryMiB: 1 }) } }], nodes))).toEqual([
      "n1 n1",
    ]);
  });

  it("gives none away on which something else runs, and says so", () => {
    const busy = withGpus(0, [80_000, 80_000], [3000, 400]);
    expect(
      look([{ needs: { origin: need(1) } }], [busy, nodeFixture(1)]).assignments[0]?.gpus?.origin,
    ).toEqual([{ index: 1, uuid: "GPU-0-1" }]);
    expect(why({ needs: { origin: need(2) } }, busy, nodeFixture(1))).toBe(
      "GPUs of the origin (2) are in use by something other than a trial on n0: see nvidia-smi there",
    );
    // What a trial holds is in use by that: then it waits.
    const held = new Map([[N(0), heldFixture(1, ["GPU-0-0"])]]);
    expect(look([{ needs: { origin: need(2) } }], [busy, nodeFixture(1)], { held }).unplaced).toMatchObject([
      { never: false },
    ]);
  });
});

describe("a claim", () => {
  const claim = (queue: QueueFixture, origin: number, target: number) => ({
    trial: waitingFixture(queue.study ?? "s", 0).trial,
    devices: { origin: N(origin), target: N(target) },
  });
  const big: QueueFixture = { study: "big" };
  const small: QueueFixture = { study: "small", trials: 9, needs: { shape: "local-copy" } };
  const nodes = [nodeFixture(0, { slots: 1 }), nodeFixture(1, { slots: 1 }), nodeFixture(2, { slots: 1 })];
  const busy = (...which: number[]) => new Map(which.map((i) => [N(i), heldFixture(1)]));

  it("keeps what is free of its seats from others, and starts when all is", () => {
    const kept = { claim: claim(big, 0, 1) };
    expect(pairs(look([big, small], nodes, { ...kept, held: busy(1, 2) }))).toEqual([]);
    expect(pairs(look([big, small], nodes, { ...kept, held: busy(0, 1) }))).toEqual(["n2 n2"]);
    expect(pairs(look([big, small], nodes, { ...kept, held: busy(2) }))).toEqual(["n0 n1"]);
    // Wherever there is room for it, not only there.
    expect(pairs(look([small, big], nodes, { ...kept, held: busy(0) }))).toEqual(["n1 n2"]);
  });

  it("yields to a higher priority", () => {
    const urgent = { ...small, trials: 1, priority: 1 };
    const kept = { claim: claim(big, 0, 1), held: busy(1, 2) };
    expect(pairs(look([big, urgent], nodes, kept))).toEqual(["n0 n0"]);
  });

  it("tells whom somebody went past", () => {
    expect(look([big, small], nodes, { held: busy(1, 2) }).passed).toEqual(["big-00000"]);
    // Not where the node is of no use to it.
    const elsewhere = {
      ...big,
      needs: { origin: { labels: { zone: "a" } }, target: { labels: { zone: "a" } } },
    };
    const zoned = [0, 1, 2].map((i) => nodeFixture(i, { slots: 1, labels: i === 0 ? {} : { zone: "a" } }));
    expect(look([elsewhere, small], zoned, { held: busy(1) }).passed).toEqual(["big-00000"]);
    expect(look([elsewhere, small], zoned, { held: busy(1, 2) }).passed).toEqual([]);
  });
});
