import { expect, it } from "vitest";
import { sshdConfig } from "./sshd-config.ts";

const settings = { address: "10.88.0.2", env: { PATH: "/opt/redline/bin:/usr/bin", WORD: "two words" } };

it("allows no forwarding and no other way in", () => {
  const text = sshdConfig({ ...settings, version: [9, 2] });
  for (const line of [
    "DisableForwarding yes",
    "UsePAM no",
    "PasswordAuthentication no",
    "AllowUsers agent",
  ]) {
    expect(text.split("\n")).toContain(line);
  }
  expect(text).toContain('SetEnv "PATH=/opt/redline/bin:/usr/bin" "WORD=two words"\n');
  expect(text.match(/^SetEnv/gm)).toHaveLength(1);
});

it("names penalties only to an sshd that knows them", () => {
  const has = (version: readonly [number, number]) =>
    sshdConfig({ ...settings, version }).includes("PerSourcePenalties");
  expect([has([9, 2]), has([9, 7]), has([9, 8]), has([10, 0])]).toEqual([false, false, true, true]);
});
