import { createServer, type Server } from "node:net";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { startOf } from "../census/read-members.ts";
import { holdsPort } from "./holds-port.ts";

const keyOf = (pid: number) => ({ bootId: "b", pid, startTick: startOf(pid)?.startTick ?? 0 });

async function listening(host: string, port = 0): Promise<{ server: Server; port: number }> {
  const server = createServer();
  server.listen(port, host);
  await once(server, "listening");
  const at = server.address();
  return { server, port: typeof at === "object" && at !== null ? at.port : 0 };
}

it("knows a port of one process from that of another, of nobody, and of one that has only its number", async () => {
  const { server, port } = await listening("127.0.0.1");
  const own = keyOf(process.pid);
  try {
    expect(holdsPort(process.pid, port, [own])).toBe(true);
    expect(holdsPort(process.pid, port, [{ ...own, startTick: own.startTick + 1 }])).toBe(false);
    expect(holdsPort(process.pid, port, [keyOf(process.ppid)])).toBe(false);
    expect(holdsPort(process.pid, port, [])).toBe(false);
  } finally {
    server.close();
    await once(server, "close");
  }
  expect(holdsPort(process.pid, port, [own])).toBe(false);
  expect(() => holdsPort(0, port, [own])).toThrow("cannot be read");
});

it("minds no listener of another that takes none of its connections, and does not take it for the server", async () => {
  const own = keyOf(process.pid);
  const script = `require("node:net").createServer().listen({ host: process.argv[1], port: Number(process.argv[2]), ipv6Only: true }, () => process.send("up"))`;
  for (const [host, beside] of [
    ["127.0.0.1", "127.0.0.2"],
    ["0.0.0.0", "::"],
  ] as const) {
    const { server, port } = await listening(host);
    const other = spawn(process.execPath, ["-e", script, beside, String(port)], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    try {
      await once(other, "message");
      expect(holdsPort(process.pid, port, [own])).toBe(true);
      expect(holdsPort(process.pid, port, [keyOf(other.pid ?? 0)])).toBe(false);
    } finally {
      other.kill("SIGKILL");
      server.close();
    }
  }
});
