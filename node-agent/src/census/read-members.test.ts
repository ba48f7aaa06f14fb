import { closeSync, openSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { heldSockets, socketsAmong } from "../observe/process-reader.ts";
import { readMembers, Turns } from "./read-members.ts";

const MANY = 2000;
const own = { pid: process.pid };
const files: number[] = [];
let server: Server;
let inode = "";

/** A process with a great many descriptors, and the listening socket that came last: this one. */
beforeAll(async () => {
  for (let i = 0; i < MANY; i += 1) files.push(openSync("/dev/null", "r"));
  const before = new Set(heldSockets(process.pid, "all"));
  server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  inode = heldSockets(process.pid, "all").find((one) => !before.has(one)) ?? "";
});
afterAll(() => {
  server.close();
  for (const file of files.splice(0)) closeSync(file);
});

describe("reading a cell's processes", () => {
  it("finds the wanted sockets behind all descriptors and gives way in between", async () => {
    let turns = 0;
    let reading = true;
    const count = () => {
      turns += 1;
      if (reading) setImmediate(count);
    };
    setImmediate(count);
    const { processes, partly } = await readMembers([own], new Set([inode, "0"]), new Turns());
    reading = false;
    expect([processes.map(({ listens }) => listens), partly]).toEqual([[[inode]], false]);
    expect(turns).toBeGreaterThanOrEqual(Math.floor(MANY / 500));
  });

  it("stops at its budget, over all processes, and says so; the processes are there", async () => {
    const read = await readMembers([own, own], new Set([inode]), new Turns(), MANY + 1000);
    expect(read.partly).toBe(true);
    expect(read.processes.map(({ listens }) => listens)).toEqual([[inode], []]);
    const none = await readMembers([own], new Set([inode]), new Turns(), 1000);
    expect([none.partly, none.processes.map(({ listens }) => listens)]).toEqual([true, [[]]]);
  });

  it("reads no descriptor where nothing listens, and nothing of a process that is gone", async () => {
    const read = await readMembers([own, { pid: 2 ** 30 }], new Set(), new Turns(), 0);
    expect([read.partly, read.processes.length]).toEqual([false, 1]);
    expect([...socketsAmong(2 ** 30, new Set([inode]))]).toEqual([]);
  });

  it("closes the folder where it stops early", () => {
    const open = () => [...socketsAmong(process.pid, new Set())].length;
    const before = open();
    for (let i = 0; i < 10; i += 1) {
      const reading = socketsAmong(process.pid, new Set());
      reading.next();
      reading.return();
    }
    expect(open()).toBe(before);
  });
});
