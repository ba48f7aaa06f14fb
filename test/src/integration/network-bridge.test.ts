import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

/** The lab's bridge with its real rules, in a namespace of its own: what a host that turned hostile can be there. */
const script = fileURLToPath(new URL("../../dist/integration/fixtures/network-bridge.js", import.meta.url));
const run = promisify(execFile);
const lab = ["unshare", "-Urmn", "--pid", "--fork", "--mount-proc", "--kill-child", process.execPath, script];
const asOther = ["setpriv", "--reuid=1001", "--regid=1001", "--clear-groups", ...lab];
const isRoot = process.getuid?.() === 0;

const modes: readonly (readonly [mode: string, command: readonly string[], possible: boolean])[] = [
  ["a lab of this user", lab, true],
  ["a lab of another user", asOther, isRoot],
];

describe.each(modes.filter(([, , possible]) => possible))("in %s", (_, command) => {
  it("a host can be nobody but itself on the bridge, and each try is counted", async () => {
    const { stdout } = await run("env", [...command], { timeout: 230_000, killSignal: "SIGKILL" });
    expect(JSON.parse(stdout)).toEqual({
      before: { owner: "owner", thief: "thief" },
      afterFrames: { drops: { forged: 3, arp: 2, ipv6: 1, udp: 1, icmp: 1, other: 4 }, seen: 0 },
      // A well-made frame of its own does come through.
      honest: 1,
      withAddress: "owner",
      withBoth: "owner",
      fromThief: "nobody",
      neighbour: true,
      dropsOfTheOthers: [{}, {}],
      moreForged: true,
    });
  }, 240_000);
});
