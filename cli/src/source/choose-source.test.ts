import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addressOf } from "./choose-source.ts";

let dir = "";
let tokenFile = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-token-"));
  tokenFile = join(dir, "token");
  await writeFile(tokenFile, "secret\n", { mode: 0o600 });
});
afterEach(() => rm(dir, { recursive: true }));

describe("a token for --url", () => {
  it.each([
    "http://127.0.0.1:8770",
    "http://localhost:8770",
    "http://[::1]:8770",
    "https://redline.lab.example",
    "http://127.0.0.1:1, https://b.lab.example:2",
  ])("goes to %s", (url) => {
    expect(addressOf({ url, tokenFile })).toEqual({ url, token: "secret" });
  });

  it.each([0o644, 0o640, 0o604])("is not taken from a file of mode %o", async (mode) => {
    await chmod(tokenFile, mode);
    expect(() => addressOf({ url: "http://127.0.0.1:8770", tokenFile })).toThrow(/others.*may read/);
  });

  it.each([
    "http://192.0.2.7:8770",
    "http://redline.lab.example:8770",
    "http://[2001:db8::1]:8770",
    "http://localhost.evil.example",
    "http://127.0.0.1:1,http://b.lab.example:2",
  ])("does not go to %s unless it is wanted so", (url) => {
    expect(() => addressOf({ url, tokenFile })).toThrow(/readable for anybody on the way/);
    expect(addressOf({ url, tokenFile, insecureToken: true })).toEqual({ url, token: "secret" });
    // Nothing secret is sent without one.
    expect(addressOf({ url })).toEqual({ url });
  });
});
