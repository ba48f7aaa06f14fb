import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { linkRules } from "./link-rules.ts";

const lossy = linkRules({
  ...{ table: "chaos_alpha", percent: 5, fromBusTo: "10.77.0.11" },
  ports: [
    { name: "alpha", to: null },
    { name: "beta", to: "10.77.0.11" },
  ],
});
const cut = linkRules({
  ...{ table: "chaos_between", percent: 100, fromBusTo: null },
  ports: [
    { name: "alpha", to: "10.77.0.12" },
    { name: "beta", to: "10.77.0.11" },
  ],
});

it("drops a share of what leaves a part and of what is meant for it, whoever sends it", () => {
  expect(lossy.match(/numgen random mod 100 < 5 counter drop/g)).toHaveLength(3);
  expect(lossy).toMatch(/device "v-alpha".*\nnumgen/);
  expect(lossy).toMatch(/device "v-beta".*\nip daddr 10\.77\.0\.11 numgen/);
});

it("drops everything between two hosts, and nothing else of theirs", () => {
  expect(cut).not.toContain("numgen");
  expect(cut).not.toContain("table inet");
  expect(cut).toMatch(/device "v-alpha".*\nip daddr 10\.77\.0\.12 counter drop/);
  expect(cut).toMatch(/device "v-beta".*\nip daddr 10\.77\.0\.11 counter drop/);
});

it("is what the kernel takes", () => {
  const made = "ip link add v-alpha type veth peer name v-beta && nft -f - && nft list tables";
  const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
  const input = lossy + cut;
  const text = execFileSync("unshare", ["-Urn", "sh", "-c", made], { input, encoding: "utf8", env });
  for (const table of ["netdev chaos_alpha", "inet chaos_alpha", "netdev chaos_between"])
    expect(text).toContain(`table ${table}`);
});
