import { request } from "node:http";
import { pino } from "pino";
import { expect, it } from "vitest";
import { startHttp, textReply } from "./http-server.ts";

const statusOf = (port: number, path: string) =>
  new Promise<number | undefined>((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, path }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    call.on("error", reject);
    call.end();
  });

it("answers a request target that is no path, and lives on", async () => {
  const routes = [{ method: "GET" as const, path: /^\/ok$/, handle: () => textReply("ok") }];
  const server = await startHttp({ host: "127.0.0.1", port: 0 }, routes, pino({ level: "silent" }));
  try {
    expect(await statusOf(server.port, "//")).toBe(400);
    expect(await statusOf(server.port, "/ok")).toBe(200);
  } finally {
    await server[Symbol.asyncDispose]();
  }
});
