import { describe, expect, it } from "vitest";
import { parseDrops } from "./guard-counts.ts";
import { guardRemoval, guardRules } from "./guard.ts";
import { linkPlan } from "./link-plan.ts";

const plan = linkPlan(3);
const opening = { host: "10.88.3.1", port: 2222 };
const closed = guardRules(plan, { opening: undefined, egress: true });
const open = guardRules(plan, { opening, egress: true });

const rulesOf = (chain: string, text: string) => {
  const start = `add rule inet redline ${chain} `;
  return text.split("\n").flatMap((line) => (line.startsWith(start) ? [line.slice(start.length)] : []));
};
/** Lines of a chain that is written as a block. */
const blockOf = (chain: string, text: string) => {
  const lines = text.split("\n").slice(text.split("\n").indexOf(`chain ${chain} {`) + 1);
  return lines.slice(0, lines.indexOf("}"));
};
const accepting = (rules: readonly string[]) => rules.filter((rule) => rule.endsWith("accept"));

describe("connections", () => {
  it("accepts answers only, and drops the rest, counted", () => {
    const rules = rulesOf("in3", closed);
    expect(accepting(rules)).toEqual(["ip saddr 10.88.3.2 meta l4proto tcp ct state established accept"]);
    expect(rules.at(-1)).toBe('counter name "cell3" drop');
    expect(rulesOf("thru3", closed)).toEqual(['counter name "toward3" drop']);
  });

  it("opens one address and port for the relay", () => {
    expect(rulesOf("in3", open).filter((rule) => rule.includes("ct state new"))).toEqual([
      "ip saddr 10.88.3.2 ip daddr 10.88.3.1 tcp dport 2222 ct state new accept",
    ]);
  });

  it("lets the host's own TCP alone out to the cell, whatever the kernel has", () => {
    for (const egress of [true, false])
      expect(rulesOf("out3", guardRules(plan, { opening, egress }))).toEqual([
        "ip saddr 10.88.3.1 ip daddr 10.88.3.2 meta l4proto tcp accept",
        'counter name "toward3" drop',
      ]);
  });

  it("ends each hook with a drop for links that nobody described", () => {
    expect(rulesOf("input", closed).at(-1)).toBe('iifname "rlc*" drop');
    expect(rulesOf("forward", closed).slice(-2)).toEqual(['iifname "rlc*" drop', 'oifname "rlc*" drop']);
    expect(rulesOf("output", closed).at(-1)).toBe('oifname "rlc*" drop');
  });
});

describe("frames", () => {
  it("accepts ARP of the cell's own and TCP that belongs to something, and one more with an opening", () => {
    expect(accepting(blockOf("from", closed))).toHaveLength(2);
    const more = accepting(blockOf("from", open)).filter((rule) => !blockOf("from", closed).includes(rule));
    expect(more).toHaveLength(1);
    expect(more[0]).toContain("ip daddr 10.88.3.1 tcp dport 2222");
  });

  it("drops by default both ways", () => {
    for (const chain of ["from", "to"]) {
      expect(blockOf(chain, closed)[0]).toMatch(/policy drop ;$/);
      expect(blockOf(chain, closed).at(-1)).toMatch(/ drop$/);
    }
  });

  it("leaves the egress hook out where there is none", () => {
    expect(guardRules(plan, { opening, egress: false })).not.toContain("hook egress");
  });
});

it("removes each chain, counter and element that it made", () => {
  const made = [...open.matchAll(/^add (chain|counter|element) inet redline ([a-z_]+(?:3| \{ "rlc3")) ?/gm)];
  const own = made.map(([, kind = "", name = ""]) => `delete ${kind} inet redline ${name}`);
  expect(own).toHaveLength(8);
  for (const removal of own) expect(guardRemoval(plan)).toContain(removal);
});

describe("counts", () => {
  const counter = (name: string, packets: number) => ({ counter: { name, packets, bytes: packets * 60 } });
  const list = (...nftables: object[]) => JSON.stringify({ nftables: [{ metainfo: {} }, ...nftables] });

  it("adds up by kind, without what was on its way to the cell", () => {
    const frames = list(
      ...[counter("n_tcp", 2), counter("n_arp", 1), counter("n_udp", 0), counter("n_toward", 9)],
      { set: { name: "ports4", elem: [{ concat: ["tcp", "192.0.2.1", 443] }] } },
      { set: { name: "hosts4" } },
    );
    const inside = list(counter("n_ipv6", 1), {
      set: { name: "hosts6", elem: [{ concat: ["ipv6-icmp", "2001:db8::1"] }] },
    });
    expect(parseDrops([frames, list(counter("cell3", 3)), inside])).toEqual({
      packets: 7,
      bytes: 420,
      kinds: { tcp: 5, arp: 1, ipv6: 1 },
      tried: ["ipv6-icmp 2001:db8::1", "tcp 192.0.2.1 443"],
    });
  });

  it("keeps 64 destinations", () => {
    const elem = Array.from({ length: 200 }, (_, port) => ({ concat: ["tcp", "192.0.2.1", port] }));
    expect(parseDrops([list(counter("n_tcp", 0), { set: { elem } })]).tried).toHaveLength(64);
  });

  it("is no count when there is none", () => {
    expect(() => parseDrops(['{"nftables":[]}'])).toThrow("not there");
    expect(() => parseDrops(["no"])).toThrow(SyntaxError);
  });
});
