import { describe, expect, it } from "vitest";
import { checksInLab } from "../kit/checks-in-lab.ts";

/** Real cells in a lab namespace of their own, as in cell.test.ts; the checks are `fixtures/weights-checks.ts`. */
const isRoot = process.getuid?.() === 0;

const inside = 'mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up && "$@"; exit $?';
const command = (how: string) => [
  "unshare",
  how,
  "--pid",
  "--fork",
  "--mount-proc",
  "--kill-child",
  "bash",
  "-c",
  inside,
  "lab",
];

// Only the machine's real root may follow /proc/PID/map_files: the two modes take different roads to a mapped file.
const modes: readonly (readonly [
  mode: string,
  command: readonly string[],
  who: string,
  possible: boolean,
])[] = [
  ["a rootless lab", command("-Urmn"), "user", true],
  ["a machine where the daemon is the real root", command("-mn"), "root", isRoot],
];

describe.concurrent.each(modes.filter(([, , , possible]) => possible))(
  "weights of cells in %s",
  (_, lab, who) => {
    it("are read as the serving process opened them", async () => {
      expect(await checksInLab(lab, "weights-checks", who)).toEqual({ count: 2, failed: [], stderr: "" });
    }, 600_000);
  },
);
