/**
 * Text for one `nft -f` in the lab's outermost network namespace: that share of all packets to and from a host is thrown away, by chance. What it
 * sends goes by its own port of the bridge, what it gets from other hosts by theirs, and what it gets from the control plane by the output hook.
 */
export function lossRules(options: {
  readonly table: string;
  readonly host: string;
  readonly address: string;
  readonly others: readonly string[];
  readonly percent: number;
}): string {
  const { table, host, address, others, percent } = options;
  const drop = `numgen random mod 100 < ${percent} drop`;
  const port = (name: string, match: string) => [
    `chain from_${name} {`,
    // Before the port's own guard.
    `type filter hook ingress device "v-${name}" priority -510 ;`,
    `${match}${drop}`,
    "}",
  ];
  return [
    `table netdev ${table} {`,
    ...port(host, ""),
    ...others.flatMap((other) => port(other, `ip daddr ${address} `)),
    "}",
    `table inet ${table} {`,
    "chain to {",
    "type filter hook output priority -510 ;",
    `ip daddr ${address} ${drop}`,
    "}",
    "}",
    "",
  ].join("\n");
}
