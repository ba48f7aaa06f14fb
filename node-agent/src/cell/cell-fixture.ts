import type { Cell } from "./cell.ts";

/** A cell without a machine below it, for tests of what stands on cells. */
export const cellFixture = (more: Partial<Cell> = {}): Cell => ({
  id: "c",
  initPid: 1,
  netns: "1",
  pidns: "2",
  address: "10.88.0.2",
  sshPort: 2222,
  hostKey: "",
  hostAddress: "10.88.0.1",
  facts: {},
  died: new Promise(() => undefined),
  empty: () => Promise.resolve(0),
  limitsHit: () => Promise.resolve({}),
  drops: () => Promise.resolve({ packets: 0, bytes: 0, kinds: {}, tried: [] }),
  log: () => "",
  setLink: () => Promise.resolve({ verified: true, tookMs: 0 }),
  destroy: () => Promise.reject(new Error("not in this test")),
  [Symbol.asyncDispose]: () => Promise.resolve(),
  ...more,
});
