import { execFileSync } from "node:child_process";
import { labPicture } from "./lab-picture.ts";
import { PLANTS } from "./survivor-plants.ts";

/** What can be left on the lab itself, outside any cell, and be taken away again. */
const CONTROLS = ["nohup-setsid", "memfd-as-kernel-thread", "shm-file", "listener", "sysv-shm"];
const WORD = "picture-control";
// The lab has PID and IPC namespaces of its own: all of this is ours.
const CLEAN = `kill -9 "$@" 2>/dev/null; rm -f /dev/shm/${WORD}; ipcrm -a; true`;

/**
 * The picture must be able to show a survivor: each of some is left on the lab itself, must be seen, and is taken away.
 * @throws Error naming what was not seen, or what stayed
 */
export async function provePicture(own: ReadonlySet<number>): Promise<void> {
  const before = labPicture(own);
  for (const { name, script } of PLANTS.filter((plant) => CONTROLS.includes(plant.name))) {
    execFileSync("bash", ["-c", script, "control", WORD], { stdio: "ignore" });
    const seen = [...labPicture(own)].filter((line) => !before.has(line));
    if (seen.length === 0) throw new Error(`the picture of the lab does not show a survivor: ${name}`);
    const pids = seen.flatMap((line) => /^process (\d+) /.exec(line)?.[1] ?? []);
    execFileSync("bash", ["-c", CLEAN, "control", ...pids], { stdio: "ignore" });
    const stayed = () => [...labPicture(own)].filter((line) => !before.has(line));
    for (let tries = 0; stayed().length > 0; tries += 1) {
      if (tries === 100) throw new Error(`a control survivor stayed: ${stayed().join("; ")}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
