import { expect, it } from "vitest";
import { guardRules, parseDrops } from "./guard.ts";
import { linkPlan } from "./link-plan.ts";

const rulesOf = (chain: string, text: string) => {
  const start = `add rule inet redline ${chain} `;
  return text.split("\n").flatMap((line) => (line.startsWith(start) ? [line.slice(start.length)] : []));
};

it("accepts answers only, and drops the rest, counted", () => {
  const rules = rulesOf("in3", guardRules(linkPlan(3), undefined));
  expect(rules.filter((rule) => rule.endsWith("accept"))).toEqual([
    "ip saddr 10.88.3.2 meta l4proto tcp ct state established accept",
  ]);
  expect(rules.at(-1)).toBe('counter name "cell3" drop');
  expect(rulesOf("thru3", guardRules(linkPlan(3), undefined))).toEqual(['counter name "cell3" drop']);
});

it("opens one address and port for the relay", () => {
  const rules = rulesOf("in3", guardRules(linkPlan(3), { host: "10.88.3.1", port: 2222 }));
  expect(rules.filter((rule) => rule.includes("ct state new"))).toEqual([
    "ip saddr 10.88.3.2 ip daddr 10.88.3.1 tcp dport 2222 ct state new accept",
  ]);
});

it("ends both hooks with a drop for links that nobody described", () => {
  const text = guardRules(linkPlan(0), undefined);
  expect(rulesOf("input", text).at(-1)).toBe('iifname "rlc*" drop');
  expect(rulesOf("forward", text).slice(-2)).toEqual(['iifname "rlc*" drop', 'oifname "rlc*" drop']);
});

it("reads nft's own listing", () => {
  const listing = {
    nftables: [
      { metainfo: { version: "1.0.6" } },
      { counter: { family: "inet", name: "cell0", table: "redline", handle: 11, packets: 3, bytes: 180 } },
    ],
  };
  expect(parseDrops(JSON.stringify(listing))).toEqual({ packets: 3, bytes: 180 });
  expect(() => parseDrops('{"nftables":[]}')).toThrow();
});
