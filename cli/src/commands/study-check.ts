import { armsOf, terminalLine, type BrainSpec } from "@redline/shared";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { deviceNeeds } from "../study-file/device-needs.ts";
import { loadStudy } from "../study-file/load-study.ts";
import { safeJson } from "../terminal/safe-json.ts";

/** `redline study check FILE` */
export async function studyCheck(
  { terminal: { out, err } }: Context,
  file: string,
  options: { json: boolean },
): Promise<ExitCode> {
  const loaded = await loadStudy(file);
  const as_of = new Date().toISOString();
  if (!loaded.ok) {
    const mistakes = loaded.mistakes.map(({ line, col, path, what }) => ({ line, col, path, what }));
    if (options.json) out.line(safeJson({ as_of, ok: false, file, mistakes }, 2));
    else {
      for (const { text } of loaded.mistakes) err.line(text);
      err.line(`${loaded.mistakes.length} ${loaded.mistakes.length === 1 ? "mistake" : "mistakes"}`);
    }
    return EXIT.usage;
  }
  const { study, specimens } = loaded;
  const arms = armsOf(study).map((arm) => arm.name);
  const trials = arms.length * study.trialsPerArm;
  const addresses = Object.entries(study.brains).flatMap(([brain, spec]) => addressOf(brain, spec));
  if (options.json)
    out.line(
      safeJson(
        {
          ...{ as_of, ok: true, file, study: study.study, arms, trials, specimens, addresses },
          ...{ devices: study.devices, priority: study.priority },
        },
        2,
      ),
    );
  else {
    out.line(`${terminalLine(file, 500)}: good, ${arms.length} arms, ${trials} trials`);
    for (const [name, { sha256 }] of Object.entries(specimens)) out.line(`  specimen ${name} ${sha256}`);
    for (const need of deviceNeeds(study)) out.line(`  ${need}`);
    for (const { brain, url } of addresses)
      out.line(
        `  brain ${brain} at ${terminalLine(url, 500)}: its nodes must allow that (REDLINE_BRAIN_URLS; their own loopback without it) and have a green self-test`,
      );
  }
  return EXIT.done;
}

/** Brains are the only addresses in a study file; whether one may be used is up to the nodes. */
function addressOf(brain: string, spec: BrainSpec): { brain: string; url: string }[] {
  switch (spec.provider) {
    case "openai":
      return [{ brain, url: spec.baseUrl }];
    case "ollama":
      return [{ brain, url: spec.host }];
    default:
      return [];
  }
}
