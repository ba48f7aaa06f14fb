import { benchPlacement } from "./placement.ts";
import { show } from "./spread.ts";

const GOAL_MS = 50;

/** What `npm run bench -- placement` prints. */
// eslint-disable-next-line @typescript-eslint/require-await -- Sections are asynchronous; this one only computes.
export async function* placementLines(): AsyncGenerator<string, void> {
  yield "Placement of waiting trials, the pure function alone: 20 studies, 3 priorities, 100 kinds of needs (labels, GPUs, memory, shapes)";
  const { rounds, cases, small } = benchPlacement();
  for (const { title, nodes, trials, placed, ms, cpuMs } of cases)
    yield `${trials} on ${nodes}, ${title}: ${placed} placed, ${show(ms)}; CPU ${show(cpuMs)}`;
  const [first] = cases;
  if (first !== undefined)
    yield `goal      ${first.trials} on ${first.nodes}: median under ${GOAL_MS} ms (${first.ms.median < GOAL_MS ? "met" : "NOT met"}), ${rounds} rounds`;
  yield `one call  ${small.trials} on ${small.nodes}: ${show(small.ours)}`;
  yield `each      asked alone, the nodes looked through for each trial: ${show(small.alone)}, ${(small.alone.median / small.ours.median).toFixed(0)} times as long`;
}
