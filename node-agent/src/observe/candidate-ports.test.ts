import { describe, expect, it } from "vitest";
import { portsOf, reachableAddresses } from "./candidate-ports.ts";

const listener = (port: number, address: string) => ({
  family: "ipv4" as const,
  address,
  port,
  inode: "1",
  netns: "1",
  owners: [],
});

describe("portsOf", () => {
  it("gives each port once, with loopback addresses first", () => {
    expect(
      portsOf([listener(9, "10.0.0.2"), listener(9, "::1"), listener(9, "10.0.0.2"), listener(8, "0.0.0.0")]),
    ).toEqual([
      { port: 8, addresses: ["127.0.0.1"] },
      { port: 9, addresses: ["::1", "10.0.0.2"] },
    ]);
  });

  it.each([
    ["0.0.0.0", ["127.0.0.1"]],
    ["::", ["127.0.0.1", "::1"]],
    ["::ffff:10.0.0.2", ["10.0.0.2"]],
    ["fe80::1", ["fe80::1"]],
    ["127.0.0.7", ["127.0.0.7"]],
  ])("reaches %s at %j", (address, reached) => {
    expect(reachableAddresses({ address })).toEqual(reached);
  });
});
