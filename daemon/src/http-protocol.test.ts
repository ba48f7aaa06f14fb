import { request } from "node:http";
import { text } from "node:stream/consumers";
import { PROTOCOL, PROTOCOL_HEADER } from "@redline/shared";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { jsonReply, startHttp, type HttpServer } from "./http-server.ts";

let server: HttpServer;
beforeAll(async () => {
  const handle = () => jsonReply({ ok: true });
  const routes = [
    { method: "GET" as const, path: /^\/(api\/nodes|metrics)$/, handle },
    { method: "POST" as const, path: /^\/api\/stop$/, handle },
  ];
  server = await startHttp({ host: "127.0.0.1", port: 0 }, routes, pino({ level: "silent" }));
});
afterAll(() => server[Symbol.asyncDispose]());

const call = (method: string, path: string, protocol: string | null) =>
  new Promise<{ status: number | undefined; said: string; protocol: unknown }>((resolve, reject) => {
    const headers = protocol === null ? {} : { [PROTOCOL_HEADER]: protocol };
    const asked = request({ host: "127.0.0.1", port: server.port, method, path, headers }, (response) => {
      const { statusCode: status } = response;
      text(response).then(
        (said) => resolve({ status, said, protocol: response.headers[PROTOCOL_HEADER] }),
        reject,
      );
    });
    asked.on("error", reject);
    asked.end();
  });

it.each([
  [PROTOCOL + 1, "the coordinator"],
  [PROTOCOL - 1, "the redline command that asked"],
])("refuses a client of protocol %i with 426, and says which side to upgrade", async (theirs, older) => {
  const { status, said, protocol } = await call("GET", "/api/nodes", `${theirs}`);
  expect([status, protocol]).toEqual([426, `${PROTOCOL}`]);
  expect(JSON.parse(said)).toEqual({
    error: `the coordinator speaks protocol ${PROTOCOL} and the redline command that asked ${theirs}: upgrade ${older}`,
  });
});

it("takes an order to stop from every version, and lets in who names none", async () => {
  expect((await call("POST", "/api/stop", `${PROTOCOL + 1}`)).status).toBe(200);
  expect((await call("GET", "/metrics", `${PROTOCOL + 1}`)).status).toBe(200);
  for (const protocol of [null, `${PROTOCOL}`])
    expect((await call("GET", "/api/nodes", protocol)).status).toBe(200);
});
