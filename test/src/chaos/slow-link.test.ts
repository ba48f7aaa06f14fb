import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { slowWords } from "./slow-link.ts";

it("delays each packet, or makes the link so narrow that a full one takes as long", () => {
  expect(slowWords("netem", 120)).toEqual(["netem", "delay", "120ms"]);
  expect(slowWords("tbf", 40)).toContain("300kbit");
  expect(slowWords("tbf", 400)).toContain("64kbit");
});

it("is what the kernel takes, where it has one of them", () => {
  const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
  const script = (["netem", "tbf"] as const)
    .map(
      (means) =>
        `tc qdisc replace dev v0 root ${slowWords(means, 50).join(" ")} 2>/dev/null && echo ${means}`,
    )
    .join("; ");
  const made = `ip link add v0 type veth peer name v1 && { ${script}; true; }`;
  const text = execFileSync("unshare", ["-Urn", "sh", "-c", made], { encoding: "utf8", env });
  expect(text).toMatch(/netem|tbf/);
});
