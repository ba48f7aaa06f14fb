import { readFileSync } from "node:fs";
import { escaped, stopped, unproven, type EscapeCase } from "./escape-case.ts";
import { refusal, verdictOf } from "./in-cell-perl.ts";

const CONNECT = `socket(my $s, 1, 1, 0) or refused("socket"); connect($s, pack("S a*", 1, $at)) or refused($ARGV[0]); done("connected to $ARGV[0]");`;

/** Control sockets of engines and buses by their usual paths, and this daemon's own. */
const SERVICES = [
  "/run/docker.sock",
  "/var/run/docker.sock",
  "/run/podman/podman.sock",
  "/run/containerd/containerd.sock",
  "/run/crio/crio.sock",
  "/run/dbus/system_bus_socket",
  "/run/systemd/private",
  "/run/systemd/notify",
  "/run/user/1000/bus",
  "/run/user/1000/systemd/private",
  "/run/user/1000/podman/podman.sock",
  "/run/nscd/socket",
  "/run/udev/control",
  "/tmp/.X11-unix/X0",
];

export const unixSocketCases: readonly EscapeCase[] = [
  {
    id: "unix-path",
    what: "connects to a Unix socket of the host by its path",
    expected: "the cell's own mount namespace: no such path",
    run: async (bench) => {
      const before = bench.parts.traps.hits();
      const result = await bench.perl(`my $at = $ARGV[0]; ${CONNECT}`, bench.parts.traps.unixPath);
      if (bench.parts.traps.hits() > before) return escaped("the host's socket was reached");
      return refusal(result, "mount namespace", ["ENOENT", "EACCES"]);
    },
  },
  {
    id: "unix-abstract",
    what: "connects to a Unix socket of the host by its abstract name",
    expected: "the cell's own network namespace: no such name",
    run: async (bench) => {
      const before = bench.parts.traps.hits();
      const result = await bench.perl(`my $at = "\\0$ARGV[0]"; ${CONNECT}`, bench.parts.traps.abstractName);
      if (bench.parts.traps.hits() > before) return escaped("the host's socket was reached");
      return refusal(result, "network namespace", ["ECONNREFUSED"]);
    },
  },
  {
    id: "service-sockets",
    what: "looks for sockets of Docker, podman, containerd, D-Bus, systemd",
    expected: "none of them is in the cell",
    run: async (bench) => {
      const script = `for (@ARGV) { socket(my $s, 1, 1, 0) or refused("socket"); done($_) if connect($s, pack("S a*", 1, $_)); $!{ENOENT} || $!{ENOTDIR} or done("$_ is there: $!") } $! = 2; refused("");`;
      const found = refusal(await bench.perl(`use Errno; ${script}`, ...SERVICES), "mount namespace", [
        "ENOENT",
      ]);
      return found.outcome === "stopped" ? stopped(found.by, `${SERVICES.length} paths`) : found;
    },
  },
  {
    id: "unix-table",
    what: "reads the table of Unix sockets for ways out",
    expected: "the cell's own network namespace: only sockets of the cell are in its table",
    run: async (bench) => {
      const result = await bench.exec("cat /proc/net/unix && echo went through");
      if (verdictOf(result) === null) return unproven(`${result.end} ${result.stderr}`);
      const ours = (text: string) =>
        text.split("\n").flatMap((line) => /(\/\S+|@redline\S+)$/.exec(line)?.[1] ?? []);
      const host = new Set(ours(readFileSync("/proc/self/net/unix", "utf8")));
      if (![...host].some((name) => name.includes(bench.parts.traps.abstractName)))
        return unproven("the host's own table does not have the trap");
      const seen = ours(result.stdout).filter((name) => host.has(name));
      return seen.length === 0
        ? stopped("network namespace", `${host.size} names of the host, none seen`)
        : escaped(seen.join(" "));
    },
  },
];
