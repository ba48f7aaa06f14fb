/** Destinations that a guard keeps in each of its sets; the first ones stay. */
export const TRIED_LIMIT = 64;

const size = `size ${TRIED_LIMIT} ; flags dynamic ;`;

/** Sets of a guard's table, for what was dropped: with a port, and for protocols that have none. */
export const TRIED_SETS: readonly string[] = [
  `set ports4 { type inet_proto . ipv4_addr . inet_service ; ${size} }`,
  `set ports6 { type inet_proto . ipv6_addr . inet_service ; ${size} }`,
  `set hosts4 { type inet_proto . ipv4_addr ; ${size} }`,
  `set hosts6 { type inet_proto . ipv6_addr ; ${size} }`,
];

/** Rules that note and go on: a rule whose set is full ends there, so it must not be the one that drops. */
export function triedRules(): string[] {
  const ports = "meta l4proto { tcp, udp }";
  const none = "meta l4proto != { tcp, udp }";
  return [
    `meta protocol ip ${ports} add @ports4 { meta l4proto . ip daddr . th dport }`,
    `meta protocol ip6 ${ports} add @ports6 { meta l4proto . ip6 daddr . th dport }`,
    `meta protocol ip ${none} add @hosts4 { meta l4proto . ip daddr }`,
    `meta protocol ip6 ${none} add @hosts6 { meta l4proto . ip6 daddr }`,
  ];
}
