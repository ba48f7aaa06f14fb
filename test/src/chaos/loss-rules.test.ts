import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { lossRules } from "./loss-rules.ts";

const rules = lossRules({
  ...{ table: "chaos_alpha", host: "alpha", address: "10.77.0.11", others: ["beta"], percent: 5 },
});

it("drops a share of what leaves the host and of what is meant for it, whoever sends it", () => {
  expect(rules.match(/numgen random mod 100 < 5 drop/g)).toHaveLength(3);
  expect(rules).toMatch(/device "v-alpha".*\nnumgen/);
  expect(rules).toMatch(/device "v-beta".*\nip daddr 10\.77\.0\.11 numgen/);
});

it("is what the kernel takes", () => {
  const made = "ip link add v-alpha type veth peer name v-beta && nft -f - && nft list tables";
  const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
  const text = execFileSync("unshare", ["-Urn", "sh", "-c", made], { input: rules, encoding: "utf8", env });
  expect(text).toContain("table netdev chaos_alpha");
  expect(text).toContain("table inet chaos_alpha");
});
