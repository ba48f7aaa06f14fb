import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROTOCOL, PROTOCOL_HEADER } from "@redline/shared";
import { afterEach, beforeEach, expect, it } from "vitest";
import { EXIT } from "../exit-codes.ts";
import { runCli } from "../run-cli.ts";
import { testContext } from "../testing/test-context.ts";

let dir = "";
let server: Server;
/** What the coordinator of another version answers, and how the command named itself. */
let answer: { status: number; body: object };
let named: unknown;
const socket = () => join(dir, "api.sock");

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-version-"));
  server = createServer((request, response) => {
    named = request.headers[PROTOCOL_HEADER];
    request.resume();
    response.writeHead(answer.status, { [PROTOCOL_HEADER]: `${PROTOCOL + 1}` });
    response.end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(socket(), resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(dir, { recursive: true });
});

it("passes on the coordinator's word on which side to upgrade, cleaned", async () => {
  answer = { status: 426, body: { error: "upgrade the \u001b[31mredline command" } };
  const { context, err, out } = testContext(dir);
  expect(await runCli(["node", "list", "--socket", socket()], context)).toBe(EXIT.usage);
  expect(err.text()).toContain("error: upgrade the redline command\n");
  expect([out.text(), named]).toEqual(["", `${PROTOCOL}`]);
});

it("says it itself where the coordinator answers in a form of its own", async () => {
  answer = { status: 200, body: { another: "form" } };
  const { context, err } = testContext(dir);
  expect(await runCli(["node", "list", "--socket", socket()], context)).toBe(EXIT.usage);
  expect(err.text()).toContain(
    `this redline command speaks protocol ${PROTOCOL} and the coordinator ${PROTOCOL + 1}: upgrade this redline command`,
  );
});

it("stops a coordinator of any version", async () => {
  answer = { status: 200, body: { stopped: ["alpha"], silent: [], cancelledTrials: 1 } };
  const { context, err } = testContext(dir);
  expect([
    await runCli(["stop", "--all", "--why", "test", "--socket", socket()], context),
    err.text(),
  ]).toEqual([EXIT.done, expect.not.stringContaining("protocol")]);
});
