import { shellWord } from "../escape/in-cell-perl.ts";

/** An address that nobody in a cell may reach, and how it is tried. */
export interface Canary {
  readonly protocol: "tcp" | "udp";
  /** IPv4 or IPv6. */
  readonly host: string;
  readonly port: number;
}

/** How long a canary may take to answer; one that is dropped never does. */
export const CANARY_MS = 40;
/** How long the one allowed address may take to say its first words: the far sshd is three processes away. */
const ALLOWED_MS = 3_000;

/** Paths by which work could be handed to somebody outside the cell. */
const HELPERS = [
  "/usr/bin/crontab",
  "/usr/bin/at",
  "/var/spool/cron",
  "/run/docker.sock",
  "/var/run/docker.sock",
  "/run/podman/podman.sock",
  "/run/containerd/containerd.sock",
  "/run/dbus/system_bus_socket",
  "/run/systemd/private",
];
const READ_ONLY = ["/", "/etc", "/usr", "/usr/bin", "/opt/redline", "/dev", "/proc/sys/kernel"];

/**
 * One script for all that is asked inside, run once as the agent's user. It prints a line `NAME VALUE` a fact and judges
 * nothing: the daemon does. No modules but Errno, which the smallest perl has: addresses come packed, in hex.
 */
const SCRIPT = String.raw`
use Errno; $| = 1; $0 = "preflight";
sub text { open(my $f, "<", $_[0]) or return ""; local $/; my $t = <$f>; return $t }
my $status = text("/proc/self/status");
print "status $1 $2\n" while $status =~ /^(NoNewPrivs|Seccomp|Cap\w+|Uid|Gid|Groups):[ \t]*(.*)$/mg;
my $limits = text("/proc/self/limits");
print "limit $1 $2\n" while $limits =~ /^Max (processes|open files|file size|data size|core file size) +\S+ +(\S+)/mg;
for (qw(user mnt pid net ipc uts)) { print "ns $_ ", readlink("/proc/self/ns/$_") // "", "\n" }
print "boot ", text("/proc/sys/kernel/random/boot_id");
my @helpers = grep { -e $_ } split /,/, shift; print "helpers @helpers\n";
for (split /,/, shift) { my $at = "$_/redline-preflight"; if (open(my $f, ">", $at)) { print "writable $_\n"; unlink $at } else { print "readonly $_\n" } }
for ([vsock => 40, 1, 0], [packet => 17, 3, 0x300], [raw => 2, 3, 255], [netfilter => 16, 3, 12]) {
  my ($name, @how) = @$_; print "socket $name ", socket(my $s, $how[0], $how[1], $how[2]) ? "made" : $! + 0, "\n" }
my ($canary, $allowed) = (shift, shift); my @open;
for (@ARGV) { my ($name, $family, $type, $hex, $words) = split /,/; my $s;
  if (!socket($s, $family, $type, 0)) { print "net $name local ", $! + 0, "\n"; next }
  fcntl($s, 4, 2048);
  if (!connect($s, pack("H*", $hex)) && !$!{EINPROGRESS}) { print "net $name local ", $! + 0, "\n"; next }
  if ($type == 2 && !defined syswrite($s, "?")) { print "net $name local ", $! + 0, "\n"; next }
  push @open, { s => $s, name => $name, type => $type, words => $words, up => $type == 2 ? 1 : 0 } }
sub now { return (split / /, text("/proc/uptime"))[0] * 1000 }
my $start = now();
while (@open) { my $now = now() - $start; my @still;
  for my $o (@open) { if ($now < ($o->{words} ? $allowed : $canary)) { push @still, $o } else { print "net $o->{name} silent\n" } }
  @open = @still or last; my ($r, $w) = ("", "");
  for (@open) { vec($r, fileno($_->{s}), 1) = 1 if $_->{up}; vec($w, fileno($_->{s}), 1) = 1 if !$_->{up} }
  select($r, $w, undef, 0.005); @still = ();
  for my $o (@open) { my $n = fileno($o->{s});
    if (!$o->{up} && vec($w, $n, 1)) { my $e = unpack("l", getsockopt($o->{s}, 1, 4));
      if ($e) { print "net $o->{name} answered errno $e\n"; next } if (!$o->{words}) { print "net $o->{name} answered connected\n"; next } $o->{up} = 1 }
    elsif ($o->{up} && vec($r, $n, 1)) { my $got = sysread($o->{s}, my $x, 100); $x =~ s/[^ -~].*//s;
      print "net $o->{name} answered ", defined $got ? "said $x" : "errno " . ($! + 0), "\n"; next }
    push @still, $o } @open = @still }
print "clock ", time, "\nend\n";
`;

/** The command line: one exec. */
export function insideCommand(canaries: readonly Canary[], allowed: Canary | null): string {
  const tried = canaries.map((canary, i) => probe(`c${i}`, canary, false));
  if (allowed !== null) tried.push(probe("allowed", allowed, true));
  const lists = [HELPERS.join(","), READ_ONLY.join(","), String(CANARY_MS), String(ALLOWED_MS)];
  return ["perl", "-e", SCRIPT, ...lists, ...tried].map(shellWord).join(" ");
}

/** `words`: it is to say something, and is waited for. */
function probe(name: string, { protocol, host, port }: Canary, words: boolean): string {
  const six = host.includes(":");
  const type = protocol === "tcp" ? 1 : 2;
  return [
    name,
    six ? 10 : 2,
    type,
    six ? socketAddress6(host, port) : socketAddress4(host, port),
    words ? 1 : 0,
  ].join(",");
}

/** struct sockaddr_in in hex. */
function socketAddress4(host: string, port: number): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(2, 0);
  bytes.writeUInt16BE(port, 2);
  host.split(".").forEach((byte, i) => bytes.writeUInt8(Number(byte), 4 + i));
  return bytes.toString("hex");
}

/** struct sockaddr_in6 in hex, without scope. */
function socketAddress6(host: string, port: number): string {
  const [left = "", right] = host.split("::");
  const words = (text: string) =>
    text === "" ? [] : text.split(":").map((word) => Number.parseInt(word, 16));
  const [head, tail] = [words(left), words(right ?? "")];
  const bytes = Buffer.alloc(28);
  bytes.writeUInt16LE(10, 0);
  bytes.writeUInt16BE(port, 2);
  head.forEach((word, i) => bytes.writeUInt16BE(word, 8 + 2 * i));
  tail.forEach((word, i) => bytes.writeUInt16BE(word, 24 - 2 * (tail.length - i)));
  return bytes.toString("hex");
}
