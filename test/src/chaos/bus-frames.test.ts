import { expect, it } from "vitest";
import { BusFrames } from "./bus-frames.ts";

const TEXT =
  'INFO {"server_id":"x"}\r\nCONNECT {"verbose":false}\r\nPING\r\n' +
  "PUB a.b 5\r\nhel\r\n\r\nPUB a.c _INBOX.1 0\r\n\r\n" +
  "HPUB h 12 14\r\nNATS/1.0\r\n\r\nhi\r\nMSG m.n 9 2\r\nok\r\nHMSG m.h 9 re.ply 12 12\r\nNATS/1.0\r\n\r\n\r\n+OK\r\n";
const SUBJECTS = [null, null, null, "a.b", "a.c", "h", "m.n", "m.h", null];

it("cuts a stream into frames and loses no byte, however it is chunked", () => {
  for (const size of [1, 2, 3, 7, 64, TEXT.length]) {
    const frames = new BusFrames();
    const all = Buffer.from(TEXT);
    const got = [];
    for (let at = 0; at < all.length; at += size) got.push(...frames.take(all.subarray(at, at + size)));
    expect(got.map(({ subject }) => subject)).toEqual(SUBJECTS);
    expect(Buffer.concat(got.map(({ bytes }) => bytes)).toString()).toBe(TEXT);
  }
});

it("holds back what is not whole", () => {
  const frames = new BusFrames();
  expect(frames.take(Buffer.from("PUB a 3\r\nab"))).toEqual([]);
  expect(frames.take(Buffer.from("c\r\n")).map(({ subject }) => subject)).toEqual(["a"]);
});

it("refuses what is no NATS protocol", () => {
  expect(() => new BusFrames().take(Buffer.from("PUB a x\r\n"))).toThrow("no length");
  expect(() => new BusFrames().take(Buffer.alloc(70_000, 0x61))).toThrow("no line");
});
