import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, it, vi } from "vitest";
import { TcpRelay, type TcpRelayOptions } from "./tcp-relay.ts";

const ends: (() => void)[] = [];
afterEach(() => ends.splice(0).forEach((end) => end()));

/** Where a relay leads: says hello, and does nothing else unless told. */
async function farEnd(
  use: (socket: Socket) => void = () => undefined,
): Promise<{ port: number; server: Server }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    ends.push(() => socket.destroy());
    socket.on("error", () => undefined);
    socket.write("hello");
    use(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ends.push(() => server.close());
  const address = server.address();
  return { server, port: address !== null && typeof address === "object" ? address.port : 0 };
}

async function relayTo(port: number, more: Partial<TcpRelayOptions> = {}): Promise<TcpRelay> {
  const listen = { host: "127.0.0.1", port: 0 };
  const relay = await TcpRelay.start({ listen, to: { host: "127.0.0.1", port }, ...more });
  ends.push(() => relay.close());
  return relay;
}

/** Connects and gives the code of the error that ended it, or what was read first. */
async function dial(port: number, host = "127.0.0.1"): Promise<string> {
  const socket = connect({ port, host });
  ends.push(() => socket.destroy());
  return new Promise((resolve) => {
    socket.once("error", (error) => resolve("code" in error ? String(error.code) : error.message));
    socket.once("data", (chunk) => resolve(chunk.toString()));
    socket.once("close", () => resolve("closed"));
  });
}

it("resets strangers at once and never connects for them", async () => {
  let reached = 0;
  const { port } = await farEnd(() => (reached += 1));
  const relay = await relayTo(port, { allowFrom: ["192.0.2.7"] });
  expect(await dial(relay.port)).toBe("ECONNRESET");
  expect(relay.stats()).toMatchObject({ accepted: 0, refused: 1, open: 0 });
  expect(reached).toBe(0);
});

it("knows an address however the socket writes it", async () => {
  const { port } = await farEnd();
  const listen = { host: "::", port: 0 };
  const relay = await relayTo(port, { listen, allowFrom: ["127.0.0.1"] });
  expect(await dial(relay.port)).toBe("hello");
  expect(await dial(relay.port, "::1")).toBe("ECONNRESET");
  const mapped = await relayTo(port, { allowFrom: ["::FFFF:127.0.0.1"] });
  expect(await dial(mapped.port)).toBe("hello");
});

it("leaves by the address that it is told to", async () => {
  let from: string | undefined;
  const { port } = await farEnd((socket) => (from = socket.remoteAddress));
  const relay = await relayTo(port, { leaveBy: "127.0.0.7" });
  expect(await dial(relay.port)).toBe("hello");
  expect(from).toBe("127.0.0.7");
});

it("holds no more connections than it may", async () => {
  const { port } = await farEnd();
  const relay = await relayTo(port, { maxConnections: 2 });
  expect([await dial(relay.port), await dial(relay.port)]).toEqual(["hello", "hello"]);
  expect(await dial(relay.port)).toBe("ECONNRESET");
  expect(relay.stats()).toMatchObject({ accepted: 2, refused: 1, open: 2 });
});

/** A listener that accepts nobody: with its queue full, the kernel leaves a new connection without an answer. */
async function silentEnd(): Promise<number> {
  const script = `const server = require("node:net").createServer();
    server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
      require("node:fs").writeSync(1, String(server.address().port));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  ends.push(() => child.kill("SIGKILL"));
  const port = await new Promise<number>((resolve) => {
    child.stdout.once("data", (text: Buffer) => resolve(Number(text.toString())));
  });
  for (let count = 0; count < 2; count += 1) {
    const socket = connect(port, "127.0.0.1").on("error", () => undefined);
    ends.push(() => socket.destroy());
    await once(socket, "connect");
  }
  return port;
}

it("gives up on a far end that does not answer, or is not there", async () => {
  const relay = await relayTo(await silentEnd(), { connectMs: 100 });
  expect(await dial(relay.port)).toMatch(/closed|ECONNRESET/);
  await vi.waitFor(() => expect(relay.stats()).toMatchObject({ failed: 1, open: 0 }));
  const { server, port } = await farEnd();
  server.close();
  const other = await relayTo(port);
  expect(await dial(other.port)).toMatch(/closed|ECONNRESET/);
  await vi.waitFor(() => expect(other.stats()).toMatchObject({ failed: 1, open: 0 }));
});

it("carries on when one side is done, and ends when the other falls silent", async () => {
  const { port } = await farEnd((socket) => {
    socket.resume();
    socket.once("end", () => socket.write(" and more"));
  });
  const relay = await relayTo(port, { halfOpenMs: 200 });
  const socket = connect({ port: relay.port, host: "127.0.0.1", allowHalfOpen: true });
  ends.push(() => socket.destroy());
  let text = "";
  socket.on("error", () => undefined);
  socket.on("data", (chunk) => (text += chunk.toString()));
  socket.end("done");
  await once(socket, "close");
  expect(text).toBe("hello and more");
  await vi.waitFor(() => expect(relay.stats().open).toBe(0));
});

it("keeps little of what a slow reader does not take", async () => {
  const { port } = await farEnd((socket) => socket.write(Buffer.alloc(64 * 1_048_576)));
  const relay = await relayTo(port);
  const socket = connect(relay.port, "127.0.0.1");
  ends.push(() => socket.destroy());
  socket.pause();
  let last = -1;
  await vi.waitFor(
    () => {
      const { bytesBack } = relay.stats();
      const still = bytesBack === last && bytesBack > 0;
      last = bytesBack;
      expect(still).toBe(true);
    },
    { timeout: 20_000, interval: 200 },
  );
  // The kernel's buffers took what was read; the rest waits at the far end.
  expect(relay.stats().bytesBack).toBeLessThan(32 * 1_048_576);
});

it("carries no more a second than it may, and the last words of a far end that has gone", async () => {
  const words = "x".repeat(6000);
  const { port } = await farEnd((socket) => socket.end(words));
  const relay = await relayTo(port, { bytesPerS: 10_000 });
  const socket = connect({ port: relay.port, host: "127.0.0.1" });
  ends.push(() => socket.destroy());
  const started = performance.now();
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString()));
  await once(socket, "end");
  expect(text).toBe(`hello${words}`);
  expect(performance.now() - started).toBeGreaterThan(450);
});
