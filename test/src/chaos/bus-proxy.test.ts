import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { until } from "../kit/until.ts";
import { BusProxy, type BusTrouble } from "./bus-proxy.ts";

const N = 200;
const MESSAGES = Array.from({ length: N }, (_, i) => `PUB s.${i} ${String(i).length}\r\n${i}\r\n`);
const clean: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of clean.splice(0).toReversed()) await end();
});

/** What a server gets of what a client sends through the proxy. */
async function sent(trouble: Partial<BusTrouble>, seed: number, atLeast = N): Promise<string[]> {
  let got = "";
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on("data", (chunk: Buffer) => (got += chunk.toString()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  clean.push(() => new Promise((resolve) => server.close(resolve)));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const proxy = await BusProxy.listen({ host: "127.0.0.1", port: 0 }, { host: "127.0.0.1", port }, seed);
  clean.push(() => proxy[Symbol.asyncDispose]());
  proxy.trouble("127.0.0.1", {})();
  proxy.trouble("127.0.0.1", trouble);
  const client = connect(proxy.port, "127.0.0.1");
  clean.push(() => client.destroy());
  client.write(MESSAGES.join(""));
  const numbers = () => [...got.matchAll(/^PUB s\.(\d+) \d+\r\n\1\r\n/gm)].map(([, n]) => n ?? "");
  await until("everything came", () => new Set(numbers()).size === N && numbers().length >= atLeast);
  // Whole messages and nothing between them.
  expect(got.replaceAll(/PUB s\.(\d+) \d+\r\n\1\r\n/g, "")).toBe("");
  return numbers();
}
const inOrder = MESSAGES.map((_, i) => String(i));

it("carries everything as it is", async () => {
  expect(await sent({}, 1)).toEqual(inOrder);
});

it("delays in order", async () => {
  const before = performance.now();
  expect(await sent({ linkDelayMs: 60, held: 0.1, heldMs: 10 }, 2)).toEqual(inOrder);
  expect(performance.now() - before).toBeGreaterThanOrEqual(59);
});

it("doubles a share, in order", async () => {
  const got = await sent({ duplicate: 0.3 }, 3, N + 1);
  expect(got.length - N).toBeGreaterThan(N * 0.15);
  expect(got.length - N).toBeLessThan(N * 0.45);
  expect([...new Set(got)]).toEqual(inOrder);
});

it("lets a share be overtaken, and loses none", async () => {
  const got = await sent({ overtaken: 0.2, overtakenByMs: 30 }, 4);
  expect(got).not.toEqual(inOrder);
  expect(got.toSorted((a, b) => Number(a) - Number(b))).toEqual(inOrder);
  const late = got.filter((n, i) => got.slice(0, i).some((before) => Number(before) > Number(n)));
  expect(late.length).toBeGreaterThan(N * 0.1);
});

it("has the worst of two troubles that are there at once, and what is left when one is over", async () => {
  const proxy = await BusProxy.listen({ host: "127.0.0.1", port: 0 }, { host: "127.0.0.1", port: 1 }, 5);
  clean.push(() => proxy[Symbol.asyncDispose]());
  const over = proxy.trouble("a", { linkDelayMs: 40, held: 0.1 });
  proxy.trouble("a", { linkDelayMs: 20, duplicate: 0.5 });
  expect(proxy.troubleOf("a")).toMatchObject({ linkDelayMs: 40, held: 0.1, duplicate: 0.5, overtaken: 0 });
  over();
  expect(proxy.troubleOf("a")).toMatchObject({ linkDelayMs: 20, held: 0, duplicate: 0.5 });
  expect(proxy.troubleOf("b")).toMatchObject({ linkDelayMs: 0, duplicate: 0 });
});
