import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { hidePlaces } from "../kit/hide-places.ts";
import { survivorAttemptSchema, type SurvivorAttempt } from "./survivor-report.ts";

const script = fileURLToPath(new URL("../../dist/drills/in-survivor-lab.js", import.meta.url));
// Everything that could be left in is the lab's own, so that nobody else's work shows in the picture of it.
const HIDDEN = ["/run", "/tmp", "/dev/shm", "/var/tmp"];
const INSIDE = `set -e
${hidePlaces(HIDDEN, "1777")}
mkdir /run/netns
ip link set lo up
set +e
"$@"; exit $?`;

/**
 * Attempts with survivors in a lab namespace of their own, each as it is over. All that is left ends with the generator.
 * @throws Error with what the lab said when it ended early.
 */
export async function* runSurvivors(attempts: number, seed: number): AsyncGenerator<SurvivorAttempt, void> {
  const child = spawn(
    "setpriv",
    // prettier-ignore
    ["--pdeathsig", "KILL", "unshare", "-Urmni", "--pid", "--fork", "--mount-proc", "--kill-child",
      "bash", "-c", INSIDE, "lab", process.execPath, script, String(attempts), String(seed)],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` },
    },
  );
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => (complaint = (complaint + chunk.toString("utf8")).slice(-4000)));
  const ended = new Promise<void>((resolve) => {
    child.once("error", () => resolve());
    child.once("close", () => resolve());
  });
  try {
    let seen = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      seen += 1;
      yield survivorAttemptSchema.parse(JSON.parse(line));
    }
    await ended;
    if (seen < attempts) throw new Error(`ended after ${seen} of ${attempts} attempts: ${complaint.trim()}`);
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}
