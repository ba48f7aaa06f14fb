import { describe, expect, it } from "vitest";
import { commandSchema, controlAnswerSchema, signedCommandSchema } from "./command.ts";
import { timeRequestSchema } from "./clock.ts";
import { inventorySchema, leaseSchema } from "./inventory.ts";
import { nodeRecordSchema } from "../journal/node-record.ts";
import { attemptRequestSchema, challengeRequestSchema, reserveRequestSchema } from "./peer.ts";
import { PROTOCOL, protocolOfHeader, sides, skewBetween, skewOf } from "./protocol.ts";

describe("versions of messages", () => {
  it("says which side to upgrade, whichever is the older", () => {
    expect(skewOf({ v: PROTOCOL + 1, new: true }, sides.nodeOfCoordinator)).toEqual({
      theirs: 2,
      upgrade: "this node daemon speaks protocol 1 and the coordinator 2: upgrade this node daemon",
    });
    expect(skewOf({ v: 0 }, sides.coordinatorOfNode("n1"))?.upgrade).toBe(
      "the coordinator speaks protocol 1 and the node daemon of n1 0: upgrade the node daemon of n1",
    );
    expect(skewBetween(2, sides.clientOfCoordinator)?.upgrade).toContain("upgrade this redline command");
  });

  it("takes nothing else for another version", () => {
    for (const raw of [{ v: PROTOCOL }, {}, null, "2", 2, [2], { v: "2" }, { v: 1.5 }, { v: -1 }, { v: 1e9 }])
      expect(skewOf(raw)).toBeNull();
  });

  it("reads a header, and no more than a number", () => {
    expect([protocolOfHeader("1"), protocolOfHeader("12")]).toEqual([1, 12]);
    for (const bad of [undefined, null, "", "1.0", "-1", "1 ", "9999999", ["1"]])
      expect(protocolOfHeader(bad)).toBeNull();
  });

  it("is in every message", () => {
    const schemas = {
      ...{ commandSchema, signedCommandSchema, controlAnswerSchema, timeRequestSchema, inventorySchema },
      ...{
        leaseSchema,
        nodeRecordSchema,
        attemptRequestSchema,
        challengeRequestSchema,
        reserveRequestSchema,
      },
    };
    for (const [name, schema] of Object.entries(schemas)) {
      const issues = schema.safeParse({ v: PROTOCOL + 1 }).error?.issues ?? [];
      expect([name, issues.some(({ path }) => path[0] === "v")]).toEqual([name, true]);
    }
  });
});
