import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTcpAddress } from "./tcp-address.ts";
import { parseListeners, pastListeners } from "./tcp-table.ts";

const HEAD =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const row = (local: string, state: string, inode: string) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000000000000000 100 0 0 10 0`;
const table = (...rows: string[]) => [HEAD, ...rows, ""].join("\n");

describe("parseTcpAddress", () => {
  it.each([
    ["0100007F:1F90", "127.0.0.1", 8080],
    ["00000000:0016", "0.0.0.0", 22],
    ["0102A8C0:FFFF", "192.168.2.1", 65_535],
    ["00000000000000000000000000000000:0050", "::", 80],
    ["00000000000000000000000001000000:0050", "::1", 80],
    ["0000000000000000FFFF00000100007F:0050", "::ffff:127.0.0.1", 80],
    ["B80D0120000000000000000001000000:0050", "2001:db8::1", 80],
    ["000080FE00000000FF005452DC5634FE:0050", "fe80::5254:ff:fe34:56dc", 80],
    // RFC 5952: the longest run is shortened, of equal ones the first.
    ["B80D0120000000000000010001000000:0050", "2001:db8::1:0:0:1", 80],
    ["00000100020000000000000003000000:0050", "1:0:0:2::3", 80],
  ])("reads %s as %s", (column, address, port) => {
    expect(parseTcpAddress(column)).toEqual({ address, port });
  });

  it("writes every IPv6 address as the URL standard does", () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const bytes = Buffer.from(groups.flatMap((g) => [g >> 8, g & 0xff]));
        const address =
          parseTcpAddress(`${bytes.swap32().toString("hex").toUpperCase()}:0050`)?.address ?? "";
        if (address.startsWith("::ffff:")) return;
        const standard = new URL(`http://[${groups.map((g) => g.toString(16)).join(":")}]`).hostname;
        expect(`[${address}]`).toBe(standard);
      }),
    );
  });

  it.each(["", "0100007F", "zz00007F:0050", "0100007F:", "01:0050"])("refuses %j", (column) => {
    expect(parseTcpAddress(column)).toBeNull();
  });
});

describe("parseListeners", () => {
  it("takes listeners only, in order, twins on one port apart", () => {
    const text = table(
      row("0100007F:1F90", "0A", "101"),
      row("0100007F:1F90", "0A", "102"),
      row("0100007F:1F90", "01", "103"),
      row("00000000:0016", "0A", "104"),
    );
    expect(parseListeners(text, "ipv4", "7")).toEqual([
      { family: "ipv4", address: "127.0.0.1", port: 8080, inode: "101", netns: "7", owners: [] },
      { family: "ipv4", address: "127.0.0.1", port: 8080, inode: "102", netns: "7", owners: [] },
      { family: "ipv4", address: "0.0.0.0", port: 22, inode: "104", netns: "7", owners: [] },
    ]);
  });

  it("finds none in an empty or a cut table", () => {
    expect(parseListeners(table(), "ipv4", "7")).toEqual([]);
    expect(parseListeners(`${HEAD}\n   0: 0100007F:1F90 00000000:0000 0A 000`, "ipv4", "7")).toEqual([]);
  });
});

describe("pastListeners", () => {
  it("stops at the first whole row that is no listener, never before", () => {
    const listener = row("0100007F:1F90", "0A", "101");
    const connection = row("0100007F:1F90", "01", "103");
    expect(pastListeners("")).toBe(false);
    expect(pastListeners(table())).toBe(false);
    expect(pastListeners(table(listener))).toBe(false);
    expect(pastListeners(table(listener, connection))).toBe(true);
    expect(pastListeners(`${table(listener)}${connection}`)).toBe(false);
  });
});
