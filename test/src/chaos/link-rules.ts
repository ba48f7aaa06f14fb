/** What is thrown away at one place: all of it where `percent` is 100, counted. */
export interface LinkRules {
  readonly table: string;
  readonly percent: number;
  /** Ports of the lab's bridge by the name of who is behind them; `to`: only what is meant for this address. */
  readonly ports: readonly { readonly name: string; readonly to: string | null }[];
  /** What the bus itself sends to this address. */
  readonly fromBusTo: string | null;
}

/**
 * Text for one `nft -f` in the lab's outermost network namespace. What a part sends goes by its own port of the bridge, what it gets from other
 * parts by theirs, and what it gets from the bus by the output hook.
 */
export function linkRules({ table, percent, ports, fromBusTo }: LinkRules): string {
  const drop = `${percent < 100 ? `numgen random mod 100 < ${percent} ` : ""}counter drop`;
  return [
    `table netdev ${table} {`,
    ...ports.flatMap(({ name, to }, index) => [
      `chain from_${index} {`,
      // Before the port's own guard.
      `type filter hook ingress device "v-${name}" priority -510 ;`,
      `${to === null ? "" : `ip daddr ${to} `}${drop}`,
      "}",
    ]),
    "}",
    ...(fromBusTo === null
      ? []
      : [
          `table inet ${table} {`,
          "chain to {",
          "type filter hook output priority -510 ;",
          `ip daddr ${fromBusTo} ${drop}`,
          "}",
          "}",
        ]),
    "",
  ].join("\n");
}
