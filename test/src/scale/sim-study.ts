import { submitReplySchema, type StudyId } from "@redline/shared";
import type { CoordinatorProcess } from "../kit/coordinator-process.ts";
import { SCENARIOS } from "../kit/scenarios.ts";

export const SIM_SHA = "c".repeat(64);
/** What one arm may have. */
const MOST_PER_ARM = 10_000;

/** Submits studies of local trials with so many in all, and gives their ids. @throws when one is refused. */
export async function submitSimStudies(
  coordinator: Pick<CoordinatorProcess, "post">,
  trials: number,
  name = "sim",
): Promise<StudyId[]> {
  const studies: StudyId[] = [];
  for (let left = trials; left > 0; left -= MOST_PER_ARM) {
    const answer = await coordinator.post("/api/studies", simStudy(name, Math.min(left, MOST_PER_ARM)));
    if (answer.status !== 201) throw new Error(`submission refused: ${answer.text}`);
    studies.push(submitReplySchema.parse(JSON.parse(answer.text)).study);
  }
  return studies;
}

export const simStudy = (study: string, trialsPerArm: number) => ({
  file: "sim.yaml",
  definition: {
    study,
    specimens: { tiny: { path: "./tiny" } },
    brains: { b: { provider: "scripted", behaviour: "competent" } },
    scenarios: ["local-copy"],
    profiles: ["strict"],
    trialsPerArm,
  },
  specimens: { tiny: { name: "tiny", sha256: SIM_SHA } },
  scenarios: SCENARIOS,
});
