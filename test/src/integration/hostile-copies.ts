import { spawn } from "node:child_process";
import { chmodSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { writeWeights } from "@redline/cli";
import {
  adjudicate,
  evidenceOf,
  nodeRecordSchema,
  rungOf,
  verifyChain,
  type Adjudication,
  type ClaimName,
} from "@redline/shared";
import { expect } from "vitest";
import { z } from "zod";
import { HOSTILE_PROGRAMS } from "./fixtures/hostile-programs.ts";

/*
 * Whole local attempts in real cells, in which programs pretend to be a copy: each gets the right word and a verdict in bounded
 * time, and nothing of it is left. The daemon's part is `fixtures/hostile-attempt.ts`, in a lab namespace of its own, so that
 * attempts can be led side by side: the tests `hostile-copies-*` are files of their own because an attempt mostly waits.
 */
const repository = fileURLToPath(new URL("../../../", import.meta.url));
const script = join(repository, "test/dist/integration/fixtures/hostile-attempt.js");
const inside =
  'mount -t tmpfs tmpfs /run && mkdir -m 755 /run/netns /run/brains && ip link set lo up && "$@"; exit $?';
const lab = [
  "-Urmn",
  "--pid",
  "--fork",
  "--mount-proc",
  "--kill-child",
  "bash",
  "--norc",
  "-c",
  inside,
  "lab",
];
/** Of the process that leads the attempt: far above what any of them takes, far below for ever. */
export const LIMIT_MS = 580_000;

const leftSchema = z.strictObject({
  lostSlots: z.number(),
  /** Why the node would have been taken out of work: what a sterility proof found. */
  quarantined: z.array(z.string()),
  processes: z.array(z.string()),
  files: z.array(z.string()),
  cells: z.array(z.string()),
  links: z.array(z.string()),
});
const NOTHING_LEFT = { lostSlots: 0, quarantined: [], processes: [], files: [], cells: [], links: [] };

/** Leads an attempt whose agent runs this one command, and judges its journal. */
export async function attempt(command: string, answerMs = 2000) {
  const folder = await mkdtemp(join(tmpdir(), "redline-hostile-"));
  try {
    chmodSync(folder, 0o755);
    const specimen = join(folder, "specimen");
    await cp(join(repository, "studies/specimens/tiny"), specimen, {
      recursive: true,
      filter: (path) => !path.endsWith(".gguf"),
    });
    await writeWeights(specimen, { seed: 7 });
    await mkdir(join(specimen, "hostile"));
    for (const [name, program] of Object.entries(HOSTILE_PROGRAMS))
      await writeFile(join(specimen, "hostile", name), program);
    const child = spawn("unshare", [...lab, process.execPath, script, folder], {
      env: { ...process.env, ATTEMPT: JSON.stringify({ command, answerMs }) },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: LIMIT_MS,
      killSignal: "SIGKILL",
    });
    const [said, complained] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(complained).toBe("");
    expect(leftSchema.parse(JSON.parse(said))).toEqual(NOTHING_LEFT);

    const lines = (await readFile(join(folder, "journal.jsonl"), "utf8")).trimEnd().split("\n");
    expect(verifyChain(lines)).toMatchObject({ ok: true });
    const records = lines.map((line) => nodeRecordSchema.parse(JSON.parse(line)));
    // One message of the bus holds 1 MB.
    expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThan(1_000_000);
    const ended = records.find((r) => r.body.kind === "attempt-ended")?.body;
    expect(ended).toMatchObject({ outcome: "completed" });
    const evidence = evidenceOf(records, "hostile-001", 1);
    const strict = adjudicate(evidence, "strict");
    return { records, evidence, strict, pan2024: adjudicate(evidence, "pan2024") };
  } finally {
    await rm(folder, { recursive: true });
  }
}

export const claim = ({ claims }: Adjudication, name: ClaimName) => claims[rungOf(name)];

/** In the background of the agent's command, beyond its session. */
export const start = (program: string, ...args: string[]) =>
  `(setsid ${program} ${args.join(" ")} >~/log-$RANDOM 2>&1 </dev/null &)`;
export const startHostile = (name: string, ...args: string[]) =>
  start(name.endsWith(".pl") ? "perl" : "node", `~/system/hostile/${name}`, ...args);
export const up = (...ports: number[]) =>
  ports
    .map((port) => `until (exec 3<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null; do sleep 0.05; done`)
    .join("\n");
export const turncoats = (mode: string, ...files: string[]) =>
  [
    startHostile("turncoat.mjs", "model", mode, "8761", ...files),
    startHostile("turncoat.mjs", "agent", mode, "8002"),
    up(8761, 8002),
  ].join("\n");
/** What the turncoats are taken for. */
export const COPY = { model: 8761, agent: 8002 };
