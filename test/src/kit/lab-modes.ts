const isRoot = process.getuid?.() === 0;
const OTHER_UID = "1001";

// PID 1 stays a shell: something must reap what is handed up.
const inside = 'mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up && "$@"; exit $?';
const namespaces = ["--pid", "--fork", "--mount-proc", "--kill-child"];

/** A rootless lab of whoever runs the tests: the command line before a command's own. */
export const LAB: readonly string[] = [
  "unshare",
  "-Urmn",
  ...namespaces,
  "bash",
  "--norc",
  "-c",
  inside,
  "lab",
];
const asOther = ["setpriv", `--reuid=${OTHER_UID}`, `--regid=${OTHER_UID}`, "--clear-groups", ...LAB];
const machine = ["unshare", "-mn", ...namespaces, "bash", "--norc", "-c", inside, "lab"];

const all: readonly (readonly [mode: string, command: readonly string[], possible: boolean])[] = [
  ["a rootless lab of this user", LAB, true],
  ["a rootless lab of another user", asOther, isRoot],
  ["a machine where the daemon is the real root", machine, isRoot],
];

/** Those that this user can make. */
export const LAB_MODES = all
  .filter(([, , possible]) => possible)
  .map(([mode, command]) => [mode, command] as const);
