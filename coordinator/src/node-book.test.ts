import { expect, it } from "vitest";
import { isNews, NodeBook, readInventory } from "./node-book.ts";
import { AT, inventoryOf } from "./projection-fixture.ts";

const seen = (inventory = inventoryOf("n1"), goneWhy: string | null = null) => ({
  inventory,
  seenAt: AT,
  goneWhy,
});

it("takes a first sight, a return, a restart and a change as news, and no heartbeat", () => {
  const now = inventoryOf("n1");
  expect(isNews(undefined, now)).toBe(true);
  expect(isNews(seen(now, "silent"), now)).toBe(true);
  expect(isNews(seen(), inventoryOf("n1", { instance: "other" }))).toBe(true);
  expect(isNews(seen(), inventoryOf("n1", { state: "draining" }))).toBe(true);
  expect(isNews(seen(), inventoryOf("n1", { slotsInUse: 1, liveCopies: 3, memoryMiB: 7 }))).toBe(false);
});

it("counts a node as live by when it was heard, not by what it says", () => {
  const book = new NodeBook();
  book.heard(inventoryOf("n1"), 100, new Date(0));
  expect(book.live(150, 50)).toHaveLength(1);
  expect(book.live(151, 50)).toHaveLength(0);
});

it("reads an inventory only under its own node's key", () => {
  const bytes = Buffer.from(JSON.stringify(inventoryOf("n1")));
  expect(readInventory("n1", bytes)?.node).toBe("n1");
  expect(readInventory("n2", bytes)).toBeNull();
  expect(readInventory("n1", Buffer.from("{"))).toBeNull();
});

it("gives a node of another version no work until it speaks ours again", () => {
  const other = Buffer.from(JSON.stringify({ v: 2, node: "n1", slots: "many" }));
  const read = readInventory("n1", other);
  if (read === null || !("skew" in read)) throw new Error("not read as another version");
  expect([read.node, read.skew.theirs]).toEqual(["n1", 2]);
  const book = new NodeBook();
  book.heard(inventoryOf("n1"), 100, new Date(0));
  expect([book.skewed(read.node, read.skew, 110), book.skewed(read.node, read.skew, 120)]).toEqual([
    true,
    false,
  ]);
  expect([book.live(120, 50), [...book.otherVersions.keys()]]).toEqual([[], ["n1"]]);
  book.heard(inventoryOf("n1"), 130, new Date(0));
  expect([book.live(130, 50).length, book.otherVersions.size]).toEqual([1, 0]);
});
