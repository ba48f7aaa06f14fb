import { escaped, stopped, unproven, type EscapeCase } from "./escape-case.ts";
import type { EscapeBench } from "./escape-bench.ts";
import { refusal, verdictOf } from "./in-cell-perl.ts";

const NO_RIGHT = "no capability in the cell's network namespace";

/** Tries of the agent to change its link; each needs CAP_NET_ADMIN, which nobody in a cell has. */
function tool(id: string, what: string, script: string): EscapeCase {
  return {
    id,
    what,
    expected: NO_RIGHT,
    run: async (bench) => refusal(await bench.perl(script), NO_RIGHT),
  };
}

/** One netlink message to the kernel's routing family, its answer's errno. */
const NETLINK = `sub netlink { my ($type, $flags, $body) = @_; socket(my $s, 16, 3, 0) or refused("netlink");
  send($s, pack("L S S L L a*", 16 + length $body, $type, $flags, 1, 0, $body), 0, pack("S S L L", 16, 0, 0, 0)) or refused("send");
  defined recv($s, my $answer, 4096, 0) or refused("recv"); my (undef, $kind, undef, undef, undef, $e) = unpack("L S S L L l", $answer);
  if ($kind == 2 && $e) { $! = -$e; refused("netlink $type") } done("netlink $type") }
`;

const asAgent: readonly EscapeCase[] = [
  // struct ifreq of SIOCSIFADDR, struct arpreq of SIOCSARP.
  tool(
    "address-theft",
    "gives its link another address",
    `socket(my $s, 2, 2, 0) or refused("socket"); my $r = pack("a16 a16 x8", "eth0", four("10.88.0.1", 0)); ioctl($s, 0x8916, $r) or refused(""); done("");`,
  ),
  tool(
    "arp-entry",
    "writes an entry into the ARP table, to take the host's place",
    `socket(my $s, 2, 2, 0) or refused("socket"); my $r = pack("a16 S a14 l a16 a16", four("10.88.0.1", 0), 1, "\\2\\0\\0\\0\\0\\1", 4, "", "eth0"); ioctl($s, 0x8955, $r) or refused(""); done("");`,
  ),
  // RTM_NEWROUTE: a default route over eth0.
  tool(
    "route",
    "adds a default route",
    `${NETLINK} netlink(24, 0x605, pack("C8 L", 2, 0, 0, 0, 254, 3, 253, 1, 0) . pack("S S L", 8, 4, 2));`,
  ),
  // RTM_NEWLINK: a tunnel device of its own.
  tool(
    "new-link",
    "makes a network device of its own",
    `${NETLINK} my $info = pack("S S a8", 9, 1, "dummy"); netlink(16, 0x605, pack("C x S l L L", 0, 0, 0, 0, 0) . pack("S S a*", 4 + length $info, 18, $info));`,
  ),
];

/** A raw frame out of the cell's end of the link, as only root of its network namespace can send it. */
const FRAME = `socket(my $s, 17, 3, 0x300) or refused("packet socket");
my $r = pack("a16 x24", "eth0"); ioctl($s, 0x8933, $r) or refused("index"); my $index = unpack("x16 l", $r);
my $h = $r; ioctl($s, 0x8927, $h) or refused("MAC"); my $mac = unpack("x18 H12", $h); (my $frame = $ARGV[0]) =~ s/m{12}/$mac/g;
defined send($s, pack("H*", $frame), 0, pack("S n l S C C a8", 17, 0, $index, 0, 0, 6, "\\xff" x 6)) or refused("send"); print "silence\\n";`;

/** The last wall: the agent has become root of its own network. The host's side must not let it through, and count it. */
function frameCase(
  id: string,
  what: string,
  kind: string,
  frame: (bench: EscapeBench) => string,
): EscapeCase {
  return {
    id,
    what,
    expected: `the guard on the host's side, which counts it as ${kind}`,
    run: async (bench) => {
      const before = bench.parts.traps.hits();
      const { result, packets, kinds } = await bench.counted(
        () => bench.asRoot(FRAME, frame(bench)),
        () => true,
      );
      if (bench.parts.traps.hits() > before) return escaped("a listener of the node was reached");
      const said = verdictOf({ stdout: result.stdout, signal: null });
      // The guard may already refuse the frame at the sender's end.
      if (said === "ENOBUFS" || (result.stdout.includes("silence") && packets !== null && packets > 0))
        return stopped("guard", `${packets ?? 0} packets dropped (${kinds})`);
      return unproven(`${said ?? ""} ${result.stderr} the guard counted ${packets ?? "nothing readable"}`);
    },
  };
}

const hex = (address: string) =>
  address
    .split(".")
    .map((byte) => Number(byte).toString(16).padStart(2, "0"))
    .join("");
const ANY = "ffffffffffff";
/** In a frame: the MAC that the link really has. */
const OWN = "m".repeat(12);

/** Ethernet and IPv4 header (no checksum: the guard is asked before anybody looks at it) with an empty UDP datagram. */
const udpFrame = (from: string, to: string, port: number) =>
  `${ANY}${OWN}0800` +
  `4500001c0000400040110000${hex(from)}${hex(to)}` +
  `0fa0${port.toString(16).padStart(4, "0")}00080000`;

const asRoot: readonly EscapeCase[] = [
  frameCase(
    "arp-theft-as-root",
    "as root of its network, claims the host's address by ARP",
    "arp",
    ({ cell }) =>
      `${ANY}${OWN}0806` + `0001080006040002${OWN}${hex(cell.hostAddress)}${ANY}${hex(cell.hostAddress)}`,
  ),
  frameCase(
    "forged-frame-as-root",
    "as root of its network, sends a raw frame under foreign addresses past its own firewall",
    "forged",
    ({ cell, parts }) => udpFrame("192.0.2.7", cell.hostAddress, parts.traps.udpPort),
  ),
  frameCase(
    "ipv6-frame-as-root",
    "as root of its network, sends a raw IPv6 frame",
    "ipv6",
    () => `${ANY}${OWN}86dd6000000000003b40${"20010db8".padEnd(32, "0")}${"ff02".padEnd(30, "0")}01`,
  ),
  frameCase(
    "own-protocol-as-root",
    "as root of its network, sends a frame of a protocol that nobody knows",
    "other",
    () => `${ANY}${OWN}88b5${"00".repeat(46)}`,
  ),
];

export const linkCases: readonly EscapeCase[] = [...asAgent, ...asRoot];
