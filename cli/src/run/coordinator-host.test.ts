import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { CliError, EXIT } from "../exit-codes.ts";
import { LabError } from "../lab/lab.ts";
import { testContext } from "../testing/test-context.ts";
import { labHost } from "./coordinator-host.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-host-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

async function failureOf(error: Error): Promise<CliError> {
  const { context } = testContext(dir, () => Promise.reject(error));
  const request = { name: "lab", state: dir, specimenDirs: [], onLine: () => undefined };
  const failure: unknown = await labHost(context, { ...request, signal: new AbortController().signal }).catch(
    (thrown: unknown) => thrown,
  );
  if (failure instanceof CliError) return failure;
  throw new Error("no CliError", { cause: failure });
}

it("sends to the logs only where a lab was started", async () => {
  expect(await failureOf(new LabError("nats-server ended"))).toMatchObject({
    code: EXIT.unexpected,
    message: "nats-server ended",
    remedy: `look into the logs below ${dir}`,
  });
  expect(await failureOf(new LabError("this kernel refuses", { config: true }))).toMatchObject({
    code: EXIT.usage,
    message: "this kernel refuses",
    remedy: undefined,
  });
  expect(await failureOf(new LabError("no", { config: true, remedy: "sysctl" }))).toMatchObject({
    code: EXIT.usage,
    remedy: "sysctl",
  });
});
