import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { counted, DIAL, DIAL_4, DIAL_6, hex6, judged, NO_WAY, SEND } from "./dial.ts";
import type { EscapeBench, LabAddress } from "./escape-bench.ts";
import { escaped, impossible, stopped, unproven, type EscapeCase } from "./escape-case.ts";
import { verdictOf } from "./in-cell-perl.ts";

const GUARD = "the guard on the host's side of the link, which counts it";
const NO_ROUTE = "the cell's network has no way there";

/** A listener of the node on the cell's own link: the guard alone is between the two. */
const onTheLink: readonly EscapeCase[] = [
  {
    id: "tcp-host",
    what: "connects by TCP to a listener of its own node",
    expected: GUARD,
    run: async (bench) => {
      if (!(await bench.parts.traps.answer()))
        return unproven("the node's listeners do not answer the node itself");
      return judged(bench, DIAL_4, [bench.cell.hostAddress, bench.parts.traps.tcpPort]);
    },
  },
  {
    id: "udp-host",
    what: "sends UDP to a listener of its own node",
    expected: GUARD,
    run: (bench) => judged(bench, SEND, [bench.cell.hostAddress, bench.parts.traps.udpPort]),
  },
  {
    id: "dns-host",
    what: "asks its own node for a name (UDP and TCP 53)",
    expected: GUARD,
    run: async (bench) => {
      const udp = await judged(bench, SEND, [bench.cell.hostAddress, 53]);
      return udp.outcome === "stopped" ? judged(bench, DIAL_4, [bench.cell.hostAddress, 53]) : udp;
    },
  },
  {
    id: "port-scan",
    what: "tries well-known ports of its own node: SSH, HTTP, NATS, Docker, the status page",
    expected: GUARD,
    run: (bench) => {
      const ports = [22, 80, 443, 2375, 3128, 4222, 5432, 6379, 6443, 7422, 8080, 9090];
      const script = `${DIAL} my $host = shift; my (%all, $w); for (@ARGV) { socket($all{$_}, 2, 1, 0); fcntl($all{$_}, F_SETFL, O_NONBLOCK);
  done("port $_") if connect($all{$_}, four($host, $_)); vec($w, fileno($all{$_}), 1) = 1 }
select(undef, $w, undef, 0.3); for (@ARGV) { done("port $_") if getpeername($all{$_}) } print "silence\\n";`;
      return judged(bench, script, [bench.cell.hostAddress, ...ports]);
    },
  },
  {
    id: "broadcast",
    what: "sends UDP to everybody on its link",
    expected: GUARD,
    run: (bench) => judged(bench, SEND, [bench.cell.address.replace(/\d+$/, "3"), 9]),
  },
  {
    id: "icmp",
    what: "sends an ICMP echo to its own node, as ping does",
    expected: "no right to ICMP sockets in the cell, else the guard",
    run: (bench) => {
      const script = `socket(my $s, 2, 2, 1) or refused("socket"); defined send($s, pack("C C n n n", 8, 0, 0, 0, 1), 0, four($ARGV[0], 0)) or refused("send"); print "silence\\n";`;
      return judged(bench, script, [bench.cell.hostAddress], [...NO_WAY, "EPROTONOSUPPORT"]);
    },
  },
  {
    id: "forged-source",
    what: "sends from an address that is not its own (IP_FREEBIND)",
    expected: "the cell's own kernel, else the guard, which counts it as forged",
    run: (bench) => {
      const script = `socket(my $s, 2, 2, 0) or refused("socket"); setsockopt($s, 0, 15, pack("l", 1)) or refused("IP_FREEBIND");
bind($s, four("192.0.2.7", 4000)) or refused("bind"); defined send($s, "x", 0, four(@ARGV)) or refused("send"); print "silence\\n";`;
      const { traps } = bench.parts;
      return judged(bench, script, [bench.cell.hostAddress, traps.udpPort], [...NO_WAY, "EINVAL"]);
    },
  },
  {
    id: "source-route",
    what: "routes through its node with IP options to an outside address",
    expected: "the guard; the kernel takes no source routes",
    run: (bench) => {
      const script = `${DIAL} socket(my $s, 2, 2, 0) or refused("socket");
setsockopt($s, 0, 4, pack("C C C C4 C", 131, 7, 4, split(/\\./, $ARGV[0]), 0)) or refused("IP_OPTIONS");
defined send($s, "x", 0, four("192.0.2.1", 9)) or refused("send"); print "silence\\n";`;
      return judged(bench, script, [bench.cell.hostAddress], [...NO_WAY, "EINVAL"]);
    },
  },
];

/** Something that really listens somewhere in the lab. On loopback it is another one inside the cell, where nobody listens. */
function labCase(id: string, what: string, of: (bench: EscapeBench) => LabAddress | undefined): EscapeCase {
  return {
    id,
    what,
    expected: NO_ROUTE,
    run: async (bench) => {
      const at = of(bench);
      if (at === undefined) return impossible("no such address is known to this node");
      const host = await addressOf(at.host);
      const own = host.startsWith("127.") || host === "::1";
      const errnos = own ? [...NO_WAY, "ECONNREFUSED"] : NO_WAY;
      return host.includes(":")
        ? judged(bench, DIAL_6, [hex6(host), at.port, 0], errnos)
        : judged(bench, DIAL_4, [host, at.port], errnos);
    },
  };
}

/** The cell has no resolver, and a name that it cannot look up would be stopped for the wrong reason. */
async function addressOf(host: string): Promise<string> {
  return isIP(host) === 0 ? (await lookup(host)).address : host;
}

const inTheLab: readonly EscapeCase[] = [
  labCase("tcp-node-address", "connects to its node's address for peers", ({ parts }) => ({
    host: parts.addresses.host,
    port: 22,
  })),
  labCase("tcp-coordinator", "connects to the coordinator", ({ parts }) => parts.addresses.coordinator),
  labCase("tcp-nats", "connects to NATS", ({ parts }) => parts.addresses.nats),
  labCase("tcp-peer", "connects to another node", ({ parts }) => parts.addresses.peer),
  labCase("tcp-other-sshd", "connects to the other cell's sshd past the relay", ({ other }) => ({
    host: other.cell.address,
    port: other.cell.sshPort,
  })),
];

const outside: readonly EscapeCase[] = [
  labCase("tcp-outside", "connects to an outside address (192.0.2.1:443)", () => ({
    host: "192.0.2.1",
    port: 443,
  })),
  {
    id: "udp-outside",
    what: "sends UDP to an outside address (192.0.2.1:53)",
    expected: NO_ROUTE,
    run: (bench) => judged(bench, SEND, ["192.0.2.1", 53]),
  },
  labCase("ipv6-outside", "connects over IPv6 to an outside address (2001:db8::1)", () => ({
    host: "2001:db8::1",
    port: 443,
  })),
  {
    id: "ipv6-link",
    what: "sends over IPv6 to everybody on its link (ff02::1)",
    expected: "no IPv6 address in the cell, else the guard",
    run: (bench) => {
      const script = `socket(my $s, 10, 2, 0) or refused("socket");
for my $index (2 .. 40) { $! = 0; if (defined send($s, "x", 0, pack("S n N H32 L", 10, 9, 0, $ARGV[0], $index))) { print "silence\\n"; exit 0 } last if !$!{ENODEV} && !$!{ENXIO} }
refused("send");`;
      return judged(bench, `use Errno; ${script}`, [hex6("ff02::1")], [...NO_WAY, "ENODEV", "ENXIO"]);
    },
  },
  {
    id: "dns-resolver",
    what: "resolves a name with the system's resolver",
    expected: "no resolver is configured in the cell",
    run: async (bench) => {
      const { result, packets, kinds } = await bench.counted(
        () =>
          bench.perl(
            `my $a = gethostbyname("example.org"); done("resolved") if defined $a; print "no name\\n";`,
          ),
        () => false,
      );
      if (verdictOf(result) === "through") return escaped("a name was resolved");
      if (!result.stdout.includes("no name")) return unproven(`${result.end} ${result.stderr}`);
      return stopped("no resolver in the cell", counted(packets, kinds));
    },
  },
];

export const networkCases: readonly EscapeCase[] = [...onTheLink, ...inTheLab, ...outside];
