import { request } from "node:http";
import { nodesReplySchema } from "@redline/shared";

const READY_MS = 30_000;
const POLL_MS = 100;

/** Waits until the coordinator is ready and every host has registered. @throws Error naming who is missing. */
export async function waitUntilReady(socketPath: string, hosts: readonly string[]): Promise<void> {
  const deadline = performance.now() + READY_MS;
  let missing = [...hosts];
  for (;;) {
    const reply = await get(socketPath, "/api/nodes");
    if (reply !== null) {
      const there = nodesReplySchema.safeParse(reply);
      const names = there.success ? there.data.nodes.map((n): string => n.inventory.node) : [];
      missing = hosts.filter((host) => !names.includes(host));
      if (missing.length === 0) return;
    }
    if (performance.now() > deadline)
      throw new Error(
        reply === null
          ? `the coordinator did not answer within ${READY_MS / 1000} s`
          : `hosts that did not register within ${READY_MS / 1000} s: ${missing.join(", ")}`,
      );
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function get(socketPath: string, path: string): Promise<unknown> {
  return new Promise((resolve) => {
    const call = request({ socketPath, path, timeout: 2000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        try {
          resolve(response.statusCode === 200 ? JSON.parse(Buffer.concat(chunks).toString("utf8")) : null);
        } catch {
          resolve(null);
        }
      });
    });
    call.on("timeout", () => call.destroy());
    call.on("error", () => resolve(null));
    call.end();
  });
}
