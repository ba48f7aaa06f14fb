import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { connect, type AddressInfo, type Server } from "node:net";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { openBrainRelays } from "./brain-relays.ts";

async function portOf(server: Server): Promise<number> {
  server.listen({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

const brainAt = (port: number) => ({ url: `http://127.0.0.1:${port}/v1`, host: "127.0.0.1", port });

/** All that comes back on one connection, and how it ended. */
async function said(path: string, text: string): Promise<string> {
  const socket = connect(path);
  socket.end(text);
  let all = "";
  socket.setEncoding("utf8").on("data", (part: string) => (all += part));
  socket.on("error", () => undefined);
  await once(socket, "close");
  return all;
}

describe("relays to model servers outside a lab", () => {
  it("lead to the address, carry both ways past the end of one, and leave nothing", async () => {
    const server = createServer((request, response) => {
      request.resume().on("end", () => response.end(`you asked ${request.url ?? ""}`));
    });
    const port = await portOf(server);
    const relays = await openBrainRelays([brainAt(port), brainAt(port)], null);
    expect(relays.relays).toHaveLength(1);
    const { socketPath } = relays.relays[0] ?? { socketPath: "" };
    expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
    const get = "GET /v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    expect(await said(socketPath, get)).toContain("you asked /v1/models");
    await relays.close();
    await relays.close();
    await expect(access(socketPath)).rejects.toThrow("ENOENT");
    server.close();
  });

  it("end a connection at once where nobody listens, and those that are open when they are closed", async () => {
    const idle = createServer();
    const port = await portOf(idle);
    const closed = createServer();
    const nobody = await portOf(closed);
    await new Promise((done) => closed.close(done));
    const relays = await openBrainRelays([brainAt(port), brainAt(nobody)], null);
    const [first, second] = relays.relays;
    expect(await said(second?.socketPath ?? "", "hello")).toBe("");
    const open = connect(first?.socketPath ?? "");
    await once(open, "connect");
    const gone = once(open, "close");
    await relays.close();
    await gone;
    idle.close();
  });

  it("are reached by the listener that each host of a lab starts", async () => {
    const server = createServer((_, response) => response.end("the model server"));
    const port = await portOf(server);
    const relays = await openBrainRelays([brainAt(port)], null);
    // The same port on another loopback address stands for another network namespace.
    const inHost = relays.relays.map((relay) => ({ ...relay, host: "127.0.0.2" }));
    const entry = fileURLToPath(new URL("../../dist/lab/brain-listeners.js", import.meta.url));
    const listener = spawn(process.execPath, [entry, JSON.stringify(inHost)], { stdio: "ignore" });
    try {
      await expect
        .poll(
          () =>
            fetch(`http://127.0.0.2:${port}/`).then(
              (answer) => answer.text(),
              () => "",
            ),
          { timeout: 10_000 },
        )
        .toBe("the model server");
    } finally {
      listener.kill("SIGKILL");
      await relays.close();
      server.closeAllConnections();
      server.close();
    }
  });
});
