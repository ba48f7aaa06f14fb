import { describe, expect, it } from "vitest";
import { BareNode } from "./lifeline-fixture.ts";
import { StopOrders } from "./stop-orders.ts";

describe("stop orders", () => {
  it("empty the cells first, and are one record though they come by two roads", async () => {
    const node = new BareNode();
    const stops = new StopOrders(node.parts);
    node.cell("a-1-o");
    node.part("a");
    expect(await Promise.all([stops.stop("drill"), stops.stop("drill")])).toEqual([1, 0]);
    expect(node.events.filter((event) => !event.startsWith("empty"))).toEqual([
      "told a cancelled",
      "record emptied",
    ]);
    expect(node.events[0]).toBe("empty a-1-o");
    expect(node.records[0]?.body).toMatchObject({ by: "stop", cells: 1, detail: "drill" });
    node.cells = [];
    expect(await stops.stop("again")).toBe(0);
    expect(node.records).toHaveLength(1);
  });
});
