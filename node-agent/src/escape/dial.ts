import type { EscapeBench } from "./escape-bench.ts";
import { escaped, stopped, unproven, type Finding } from "./escape-case.ts";
import { verdictOf } from "./in-cell-perl.ts";

/** How a kernel without a way there, or a host that hides it, answers. */
export const NO_WAY = ["ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT", "EACCES", "EPERM"];

/** Dials without waiting long: what the guard throws away never answers. Address family, packed address, what to call it. */
export const DIAL = `use Fcntl; use Errno;
sub dial { my ($family, $at) = @_;
  socket(my $s, $family, 1, 0) or refused("socket"); fcntl($s, F_SETFL, O_NONBLOCK);
  return "through" if connect($s, $at); return $! + 0 if !$!{EINPROGRESS};
  my $w = ""; vec($w, fileno($s), 1) = 1; return 0 if !select(undef, $w, undef, 0.1);
  my $e = unpack("l", getsockopt($s, 1, 4)); return $e ? $e : "through" }
sub report { my $r = $_[0]; done("connected") if $r eq "through"; if ($r) { $! = $r; refused("") } print "silence\\n"; exit 0 }
`;
export const DIAL_4 = `${DIAL} report(dial(2, four(@ARGV)));`;
/** An IPv6 address in 32 hex digits, a port and an interface. */
export const DIAL_6 = `${DIAL} report(dial(10, pack("S n N H32 L", 10, $ARGV[1], 0, $ARGV[0], $ARGV[2])));`;
export const SEND = `socket(my $s, 2, 2, 0) or refused("socket"); setsockopt($s, 1, 6, 1);
defined send($s, "x", 0, four(@ARGV)) or refused("send"); print "silence\\n";`;

/** What was sent was counted at the guard, or the cell's own kernel had no way for it; and no trap of the node was reached. */
export async function judged(
  bench: EscapeBench,
  script: string,
  args: readonly (string | number)[],
  errnos: readonly string[] = NO_WAY,
): Promise<Finding> {
  const { traps } = bench.parts;
  const before = traps.hits();
  const { result, packets, kinds } = await bench.counted(
    () => bench.perl(script, ...args),
    (sent) => verdictOf(sent) === null,
  );
  const said = verdictOf(result);
  if (traps.hits() > before) return escaped("a listener of the node was reached");
  if (said === "through") return escaped(`connected to ${args.join(" ")}`);
  if (said !== null) {
    return errnos.includes(said)
      ? stopped(`the cell has no way there: ${said}`, counted(packets, kinds))
      : unproven(`${said} ${result.stdout.trim()}`);
  }
  if (!result.stdout.includes("silence")) return unproven(`${result.end} ${result.stderr}`);
  return packets !== null && packets > 0
    ? stopped("guard", counted(packets, kinds))
    : unproven("no answer, and the guard counted nothing");
}

/** What the guard counted, for people. */
export const counted = (packets: number | null, kinds: string) =>
  packets === null
    ? "the guard's counters cannot be read"
    : `${packets} packets dropped${kinds === "" ? "" : ` (${kinds})`}`;

/** The 16 bytes of an IPv6 address, in hex. */
export function hex6(address: string): string {
  const [left = "", right] = address.split("::");
  const words = (text: string) => (text === "" ? [] : text.split(":")).map((word) => word.padStart(4, "0"));
  const [head, tail] = [words(left), words(right ?? "")];
  const middle = right === undefined ? [] : new Array<string>(8 - head.length - tail.length).fill("0000");
  return [...head, ...middle, ...tail].join("");
}
