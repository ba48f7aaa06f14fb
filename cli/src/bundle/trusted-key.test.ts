import { generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keyIdOf, publicPem } from "@redline/shared";
import { afterEach, beforeEach, expect, it } from "vitest";
import { CliError, EXIT } from "../exit-codes.ts";
import { trustedKey } from "./trusted-key.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-trust-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

const key = () => generateKeyPairSync("ed25519").publicKey;
async function stateWith(name: string, pem: string): Promise<string> {
  const path = join(dir, ".redline", name, "coordinator");
  await mkdir(path, { recursive: true });
  await writeFile(join(path, "journal.jsonl"), "");
  await writeFile(join(path, "coordinator.pub"), pem);
  return join(dir, ".redline", name);
}

it("takes the key that is named before the one of a state folder, and never that of a run it was not told of", async () => {
  const [named, state, newest] = [key(), key(), key()];
  await stateWith("newest", publicPem(newest));
  const other = await mkdtemp(join(dir, "other-"));
  await mkdir(join(other, "coordinator"));
  await writeFile(join(other, "coordinator", "coordinator.pub"), publicPem(state));
  await writeFile(join(dir, "named.pub"), publicPem(named));
  const id = async (options: Parameters<typeof trustedKey>[0]) => (await trustedKey(options, dir))?.keyId;
  expect(await id({})).toBeUndefined();
  expect(await id({ state: other })).toBe(keyIdOf(state));
  expect(await id({ state: other, coordinatorKey: "named.pub" })).toBe(keyIdOf(named));
  const upper = `sha256:${keyIdOf(named).toUpperCase()}`;
  expect(await id({ coordinatorKey: upper })).toBe(keyIdOf(named));
});

it("knows no key where there is no run, and does not guess where one was named", async () => {
  expect(await trustedKey({}, dir)).toBeNull();
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey;
  await writeFile(join(dir, "rsa.pub"), rsa.export({ type: "spki", format: "pem" }));
  for (const options of [{ state: "none" }, { coordinatorKey: "none" }, { coordinatorKey: "rsa.pub" }]) {
    const failed: unknown = await trustedKey(options, dir).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(CliError);
    expect(failed).toMatchObject({ code: EXIT.usage });
  }
});
