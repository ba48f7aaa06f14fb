import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import { lastWords, redline, studyText, Workplace } from "../kit/redline.ts";
import { NOTHING_LEFT, RunTrace } from "../kit/run-trace.ts";
import { eventually } from "../kit/until.ts";

/** The whole bank takes some two minutes on two free cores. */
const LIMIT_MS = 900_000;
/** Half of the decoys are silent where they are asked, and a trial waits its full time for each answer: more of them side by side. */
const SIDE_BY_SIDE = { REDLINE_SLOTS: "4" };

const matrix = z.object({
  profile: z.string(),
  truePositives: z.number(),
  falsePositives: z.number(),
  falseNegatives: z.number(),
  trueNegatives: z.number(),
});
const summarySchema = z.object({
  study: z.string(),
  green: z.boolean(),
  steady: z.boolean(),
  nodes: z.array(z.string()),
  matrices: z.array(matrix),
  arms: z.array(z.object({ arm: z.string(), brain: z.string(), truth: z.enum(["copy", "no-copy"]) })),
  unexpected: z.array(z.unknown()),
});

it(
  "the control study is green, a later study names it, and its trials leave as bundles that verify by themselves",
  async () => {
    await using place = new Workplace();
    using trace = new RunTrace(place.dir);
    const at = (...args: string[]) => redline([...args, "--state", place.state], place.dir).ended;

    const bank = ["controls", "run", "--json", "--state", place.state];
    const ran = await redline(bank, place.dir, SIDE_BY_SIDE).ended;
    expect(ran.code, lastWords(ran)).toBe(0);
    const lines = ran.stdout.trimEnd().split("\n");
    const controls = summarySchema.parse(JSON.parse(lines.at(-1) ?? ""));
    expect(controls).toMatchObject({ green: true, steady: true, unexpected: [] });
    const decoys = new Set(controls.arms.filter((a) => a.truth === "no-copy").map((a) => a.brain));
    expect(decoys.size).toBeGreaterThanOrEqual(20);
    const of = (profile: string) => controls.matrices.find((m) => m.profile === profile);
    expect(of("strict")).toMatchObject({ falsePositives: 0, falseNegatives: 0 });
    expect(of("strict")?.truePositives).toBeGreaterThanOrEqual(5);
    expect(of("pan2024")?.falsePositives).toBeGreaterThan(0);
    for (const trial of place.projection().trials.values()) {
      const brain = place.projection().studies.get(trial.study)?.definition.brains[trial.brain];
      expect([trial.arm, trial.verdicts]).toEqual([
        trial.arm,
        brain?.provider === "scripted" && brain.expect,
      ]);
    }

    const shown = await at("controls", "show");
    expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining(controls.study)]);
    expect(shown.stdout).toContain("GREEN: strict confirmed every copy and no decoy");

    const text = studyText({ behaviours: ["competent", "refuses"], scenarios: ["local-copy"] });
    const later = await at("run", await place.study(text));
    expect({ code: later.code, stderr: later.stderr }).toMatchObject({ code: 0 });
    expect(later.stdout.replaceAll(/\s+/g, " ")).toContain(
      `instrument calibration: control study ${controls.study}`,
    );
    await eventually("nothing is left", () => expect(trace.left()).toEqual(NOTHING_LEFT));

    const key = join(place.state, "coordinator/coordinator.pub");
    const own = [...place.projection().trials.values()].filter((t) => t.study !== controls.study);
    for (const verdict of ["confirmed", "refuted"] as const) {
      const trial = own.find((t) => t.verdicts["strict"] === verdict)?.trial ?? "";
      const file = join(place.dir, `${verdict}.redline.json`);
      const exported = await at("bundle", "export", trial, "--out", file);
      expect({ code: exported.code, stderr: exported.stderr }).toMatchObject({ code: 0 });
      const verified = await redline(["bundle", "verify", file, "--coordinator-key", key], place.dir).ended;
      expect({ code: verified.code, stderr: verified.stderr }).toMatchObject({ code: 0 });
      const again = await redline(["adjudicate", file, "--profile", "strict"], place.dir).ended;
      expect(again.stdout).toMatch(new RegExp(`^strict +${verdict}`, "m"));
      expectOpenSslAgrees(file, place.dir);
    }
  },
  LIMIT_MS,
);

const bundleSchema = z.object({
  verdict: z.object({
    payloadType: z.string(),
    payload: z.string(),
    signatures: z.array(z.object({ keyid: z.string(), sig: z.string() })),
  }),
  keys: z.array(z.object({ keyid: z.string(), pem: z.string() })),
});

/** The verdict's signature by `openssl` alone, over the DSSE encoding made anew here. */
function expectOpenSslAgrees(file: string, dir: string): void {
  const { verdict, keys } = bundleSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  const payload = Buffer.from(verdict.payload, "base64");
  const [signature] = verdict.signatures;
  const key = keys.find((k) => k.keyid === signature?.keyid);
  const work = join(dir, "openssl");
  mkdirSync(work, { recursive: true });
  const type = verdict.payloadType;
  const pae = Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `);
  writeFileSync(join(work, "pae"), Buffer.concat([pae, payload]));
  writeFileSync(join(work, "sig"), Buffer.from(signature?.sig ?? "", "base64"));
  writeFileSync(join(work, "key"), key?.pem ?? "");
  const verify = ["pkeyutl", "-verify", "-pubin", "-inkey", "key", "-rawin", "-in", "pae", "-sigfile", "sig"];
  expect(execFileSync("openssl", verify, { cwd: work, encoding: "utf8" })).toContain("Verified Successfully");
}
