import { SCENARIOS } from "./scenarios.ts";
import { studyIdSchema, submitReplySchema, type NodeId, type StudyId, type TrialView } from "@redline/shared";
import { CoordinatorProcess } from "./coordinator-process.ts";
import { FakeNode, type FakeNodeOptions } from "./fake-node.ts";
import { startNats, type TestNats } from "./nats.ts";
import { PATIENCE_MS, until } from "./until.ts";

export const SHA = "a".repeat(64);
export const NODES = ["n1", "n2", "n3"];

/** A submission whose only specimen every fake node has. */
export const studyOf = (options: {
  trials: number;
  scenario?: string;
  target?: Record<string, string>;
  brain?: object;
  /** Further members of the study file. */
  more?: object;
}) => ({
  file: "test.yaml",
  definition: {
    study: "fake",
    specimens: { tiny: { path: "./tiny" } },
    brains: { competent: options.brain ?? { provider: "scripted", behaviour: "competent" } },
    scenarios: [options.scenario ?? "cross-device"],
    devices: { target: { labels: options.target ?? {} } },
    trialsPerArm: options.trials,
    ...options.more,
  },
  specimens: { tiny: { name: "tiny", sha256: SHA } },
  scenarios: SCENARIOS,
});

export interface CoordinatorBench extends AsyncDisposable {
  readonly nats: TestNats;
  readonly coordinator: CoordinatorProcess;
  readonly nodes: readonly FakeNode[];
  submit(body: unknown): Promise<StudyId>;
  trialsOf(study: StudyId): Promise<TrialView[]>;
  /** Waits until the study has ended and gives its trials. */
  ended(study: StudyId, timeoutMs?: number): Promise<TrialView[]>;
}

/** For the tests in which somebody falls silent: all the others must bear it that the machine stands still for a while. */
export const SHORT_PERIODS = {
  REDLINE_LEASE_MS: "3000",
  REDLINE_NODE_SILENT_MS: "3000",
  REDLINE_EVIDENCE_WAIT_MS: "3000",
} as const;

/** A NATS server, a coordinator process and fake nodes; all of it is gone at the end of the block. */
export async function startBench(
  settings: Readonly<Record<string, string>> = {},
  nodeOptions: Partial<FakeNodeOptions> = {},
  /** Ended with the rest. */
  server?: TestNats,
): Promise<CoordinatorBench> {
  const nats = server ?? (await startNats());
  const coordinator = await CoordinatorProcess.create({
    REDLINE_NATS_URLS: nats.url,
    REDLINE_NODES: NODES.join(","),
    REDLINE_LEASE_MS: "60000",
    REDLINE_NODE_SILENT_MS: "60000",
    REDLINE_UNPLACEABLE_MS: "60000",
    ...settings,
  });
  const nodes: FakeNode[] = [];
  const end = async () => {
    for (const node of nodes) await node[Symbol.asyncDispose]();
    await coordinator[Symbol.asyncDispose]();
    await nats[Symbol.asyncDispose]();
  };
  try {
    await coordinator.start();
    const publicKey = await coordinator.publicKey();
    const peers = new Map<NodeId, FakeNode>();
    for (const node of NODES)
      nodes.push(
        await FakeNode.start({ node, url: nats.url, publicKey, specimenSha256: SHA, peers, ...nodeOptions }),
      );
    await until(
      "all nodes seen",
      async () => (await coordinator.journal()).state.nodes.size === NODES.length,
    );
  } catch (error) {
    process.stderr.write(coordinator.said);
    await end();
    throw error;
  }
  return {
    nats,
    coordinator,
    nodes,
    submit: (body) => submit(coordinator, body),
    trialsOf: async (study) => (await coordinator.journal()).state.trialsOf(study),
    ended: (study, timeoutMs = 2 * PATIENCE_MS) =>
      until(
        `study ${study} ended`,
        async () => {
          const { state } = await coordinator.journal();
          return (state.studies.get(study)?.endedAt ?? null) === null ? null : state.trialsOf(study);
        },
        timeoutMs,
      ),
    [Symbol.asyncDispose]: end,
  };
}

async function submit(coordinator: CoordinatorProcess, body: unknown): Promise<StudyId> {
  const answer = await coordinator.post("/api/studies", body);
  if (answer.status !== 201) throw new Error(`submission refused: ${answer.text}`);
  return studyIdSchema.parse(submitReplySchema.parse(JSON.parse(answer.text)).study);
}

export const statesOf = (trials: readonly TrialView[]) => trials.map((t) => t.state);
export const startsOf = (nodes: readonly FakeNode[]) => nodes.flatMap((n) => n.starts);
