import { escaped, stopped, unproven, type EscapeCase } from "./escape-case.ts";
import { refusal, verdictOf } from "./in-cell-perl.ts";

/** Tables that a job daemon of the host reads. Its /run is not among them: the cell has a tmpfs of its own there. */
const TABLES = [
  "/var/spool/cron/crontabs/agent",
  "/var/spool/cron/agent",
  "/etc/crontab",
  "/etc/cron.d/agent",
  "/etc/cron.hourly/agent",
  "/var/spool/cron/atjobs/a0000101",
  "/var/spool/at/a0000101",
  "/etc/systemd/system/agent.service",
  "/usr/lib/systemd/system/agent.service",
  "/var/lib/systemd/linger/agent",
];

/** A command that would hand work to somebody outside. It must fail, and say so. */
function command(id: string, what: string, line: string): EscapeCase {
  return {
    id,
    what,
    expected: "no such program, or no daemon of it in sight",
    run: async (bench) => {
      const result = await bench.exec(`out=$(${line} 2>&1); code=$?; echo "code $code $out"`);
      const [, code, text = ""] = /^code (\d+) ?(.*)/s.exec(result.stdout) ?? [];
      if (code === undefined) return unproven(`${result.end} ${result.stderr}`);
      if (code === "0") return escaped(text);
      return stopped(code === "127" ? "no such program in the cell" : "no daemon in sight", text.trim());
    },
  };
}

export const jobCases: readonly EscapeCase[] = [
  command("crontab", "installs a crontab", `echo "* * * * * true" | crontab -`),
  command("at", "hands a job to at", "echo true | at now"),
  command(
    "systemd-run",
    "starts a transient unit of systemd",
    "systemd-run --user --collect true || systemd-run --collect true",
  ),
  command(
    "d-bus",
    "calls systemd over D-Bus",
    "busctl --system call org.freedesktop.systemd1 / org.freedesktop.DBus.Peer Ping",
  ),
  command(
    "containers",
    "starts a container",
    "docker run --rm -v /:/host alpine true || podman run --rm alpine true",
  ),
  {
    id: "job-tables",
    what: "writes into the tables of cron, at and systemd",
    expected: "read-only file systems without these tables",
    run: async (bench) => {
      const script = `use Errno; use File::Path; for my $at (@ARGV) { my ($dir) = $at =~ m{(.*)/}; eval { File::Path::make_path($dir) };
  $! = 0; done($at) if open(my $f, ">", $at); $last ||= $! + 0 } $! = $last; refused("the first of " . @ARGV);`;
      return refusal(await bench.perl(script, ...TABLES), "read-only view", ["EROFS", "ENOENT", "EACCES"]);
    },
  },
  {
    id: "daemons-in-sight",
    what: "looks for a cron, at, systemd or container daemon among its processes",
    expected: "the cell's own PID namespace",
    run: async (bench) => {
      const result = await bench.exec("cat /proc/[0-9]*/comm; echo went through");
      if (verdictOf(result) === null) return unproven(result.end);
      const seen = result.stdout
        .split("\n")
        .filter((name) =>
          /^(crond?|atd|systemd.*|dockerd|containerd.*|podman|dbus-.*|nats-server)$/.test(name),
        );
      return seen.length === 0 ? stopped("PID namespace", "none of them") : escaped(seen.join(" "));
    },
  },
];
