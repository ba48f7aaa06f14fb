import { describe, expect, it } from "vitest";
import { tcpEnds, unixEnds, variedFirst, type SocketTables } from "./socket-ends.ts";
import { parseTcpSockets } from "./tcp-connections.ts";
import { parseUnixPairs, parseUnixSockets } from "./unix-sockets.ts";

const key = (pid: number) => ({ bootId: "boot", pid, startTick: pid * 10 });
const owned = (entries: Record<string, number[]>) =>
  new Map(Object.entries(entries).map(([inode, pids]) => [inode, pids.map(key)]));
const row = (local: string, remote: string, state: string, inode: number) =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000000000000000 100 0 0 10 0`;

const LOOPBACK = "0100007F";
const TCP = [
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
  // A model server on every address (2328 is 9000), its other end of the agent's connection, and the agent's own end.
  row("00000000:2328", "00000000:0000", "0A", 100),
  row(`${LOOPBACK}:2328`, `${LOOPBACK}:9C40`, "01", 101),
  row(`${LOOPBACK}:9C40`, `${LOOPBACK}:2328`, "01", 1),
  // To another host, the port is the same; and one that the prober dialled.
  row("0200580A:9C41", "0100580A:2328", "02", 2),
  row(`${LOOPBACK}:1F41`, `${LOOPBACK}:AAAA`, "01", 3),
  row(`${LOOPBACK}:AAAA`, `${LOOPBACK}:1F41`, "01", 900),
  // Closed by the other side.
  row(`${LOOPBACK}:9C42`, `${LOOPBACK}:2328`, "08", 4),
].join("\n");

const UNIX = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 50 /tmp/model sock
0000000000000000: 00000003 00000000 00000000 0001 03 51 /tmp/model sock
0000000000000000: 00000003 00000000 00000000 0001 03 52
0000000000000000: 00000003 00000000 00000000 0001 03 60
0000000000000000: 00000003 00000000 00000000 0001 03 61
0000000000000000: 00000003 00000000 00000000 0001 03 70
0000000000000000: 00000003 00000000 00000000 0002 01 80 /tmp/datagram
`;
const SS = `u_str ESTAB 0      0      /tmp/model sock 51 * 52
u_str ESTAB 0      0                  * 60 * 61
u_str ESTAB 0      0                  * 70 * 0
`;

function tables(more: Partial<SocketTables> = {}): SocketTables {
  return {
    tcp: [parseTcpSockets(TCP)],
    unix: parseUnixSockets(UNIX),
    pairs: parseUnixPairs(SS),
    owners: owned({
      1: [7],
      2: [7],
      3: [7],
      4: [7],
      52: [7],
      60: [7],
      70: [7],
      100: [5],
      101: [6],
      50: [5],
      51: [6],
      61: [8],
    }),
    harness: new Set(["900"]),
    ...more,
  };
}
const mine = new Set(["1", "2", "3", "4"]);

describe("TCP ends", () => {
  it("name all who hold the other end or its listener, and nobody for another host", () => {
    expect(tcpEnds(tables(), mine)).toEqual([
      { local: "127.0.0.1:40000", remote: "127.0.0.1:9000", peer: [key(5), key(6)] },
      { local: "10.88.0.2:40001", remote: "10.88.0.1:9000", peer: null },
    ]);
  });

  it("show what another than the harness dialled, and a listener whose owner cannot be read", () => {
    const seen = tcpEnds(
      tables({ harness: new Set(), owners: owned({ 1: [7], 3: [7] }) }),
      new Set(["1", "3"]),
    );
    expect(seen.map(({ remote, peer }) => [remote, peer])).toEqual([
      ["127.0.0.1:9000", []],
      ["127.0.0.1:43690", null],
    ]);
  });

  it("are looked for in each network by itself", () => {
    const [all = []] = tables().tcp;
    const split = [all.filter((s) => s.inode === "1"), all.filter((s) => s.inode !== "1")];
    expect(tcpEnds(tables({ tcp: split }), new Set(["1"]))[0]?.peer).toBeNull();
  });
});

describe("Unix ends", () => {
  const held = (inode: string, standard = false) => [{ inode, standard }];

  it("have the name and the owners of the other end", () => {
    expect(unixEnds(tables(), held("52"))).toEqual([
      { local: "unix:", remote: "unix:/tmp/model sock", peer: [key(6), key(5)] },
    ]);
    expect(unixEnds(tables(), held("52", true))).toHaveLength(1);
  });

  it("without a name count unless they are a standard stream", () => {
    expect(unixEnds(tables(), held("60"))).toEqual([{ local: "unix:", remote: "unix:", peer: [key(8)] }]);
    expect(unixEnds(tables(), held("60", true))).toEqual([]);
  });

  it("are null for somebody outside the cell, and empty where nobody can be named", () => {
    expect(unixEnds(tables({ owners: owned({ 60: [7] }) }), held("60"))[0]?.peer).toBeNull();
    expect(unixEnds(tables(), held("70"))[0]?.peer).toEqual([]);
    expect(unixEnds(tables(), held("80"))).toEqual([]);
  });

  it("cannot be hidden by a name with newlines: a made-up row only adds", () => {
    const forged = `u_str ESTAB 0 0 /tmp/x\n* 60 * 9\ny 62 * 63\n${SS}`;
    expect(parseUnixPairs(forged)).toContainEqual(["62", "63"]);
    const peers = unixEnds(tables({ pairs: parseUnixPairs(forged) }), held("60"))[0]?.peer;
    expect(peers).toContainEqual(key(8));
  });
});

it("shows each other end once before any comes twice", () => {
  const to = (remote: string) => ({ local: "a", remote, peer: null });
  const many = [...Array.from({ length: 60 }, () => to("x")), to("y")];
  const shown = variedFirst(many, 50);
  expect(shown).toHaveLength(50);
  expect(shown.slice(0, 2)).toEqual([to("x"), to("y")]);
});
