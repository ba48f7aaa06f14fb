import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { studyIdSchema, submitReplySchema, type NodeId, type StudyId, type TrialView } from "@redline/shared";
import { NODES, SHA } from "./coordinator-bench.ts";
import { CoordinatorProcess } from "./coordinator-process.ts";
import { FakeNode, type FakeNodeOptions } from "./fake-node.ts";
import { PATIENCE_MS, until } from "./until.ts";

export const PAIR = ["coordinator", "coordinator-b"] as const;

/** Two coordinators on one bus with one signing key, and fake nodes. */
export interface CoordinatorPair extends AsyncDisposable {
  readonly nodes: readonly FakeNode[];
  /** By name; either may lead. */
  readonly all: ReadonlyMap<string, CoordinatorProcess>;
  /** Waits until one of them leads, and gives it and the other one. */
  roles(): Promise<{ leader: CoordinatorProcess; standby: CoordinatorProcess; name: string }>;
  submit(body: unknown): Promise<StudyId>;
  /** Waits until the study has ended in the journal of whoever leads. */
  ended(study: StudyId, timeoutMs?: number): Promise<TrialView[]>;
  /** Waits until both journals are the same, byte for byte, and gives the lines. */
  same(timeoutMs?: number): Promise<string[]>;
}

/**
 * @param url the servers, comma separated
 * @param settings of both; `settingsOf`, `seedOf`: of one coordinator, and a node's seed, where the bus asks for logins
 */
export async function startPair(
  url: string,
  settings: Readonly<Record<string, string>> = {},
  nodeOptions: Partial<FakeNodeOptions> = {},
  logins: {
    readonly settingsOf: (name: string) => Readonly<Record<string, string>>;
    readonly seedOf: (node: string) => string;
  } | null = null,
): Promise<CoordinatorPair> {
  const dir = await mkdtemp(join(tmpdir(), "redline-pair-"));
  const keyFile = join(dir, "signing.key");
  const { privateKey } = generateKeyPairSync("ed25519");
  await writeFile(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  const all = new Map<string, CoordinatorProcess>();
  const nodes: FakeNode[] = [];
  const end = async () => {
    for (const node of nodes) await node[Symbol.asyncDispose]();
    for (const one of all.values()) await one[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  };
  const roles = () =>
    until("one leads", async () => {
      for (const [name, leader] of all) {
        if ((await roleOf(leader)) !== "leader") continue;
        const standby = [...all.values()].find((one) => one !== leader);
        return standby === undefined ? null : { leader, standby, name };
      }
      return null;
    });
  try {
    for (const name of PAIR) {
      const one = await CoordinatorProcess.create({
        REDLINE_NATS_URLS: url,
        REDLINE_NODES: NODES.join(","),
        REDLINE_LEASE_MS: "60000",
        REDLINE_NODE_SILENT_MS: "60000",
        REDLINE_UNPLACEABLE_MS: "60000",
        REDLINE_STANDBY: "on",
        REDLINE_OTHER_WAIT_MS: "500",
        REDLINE_COORDINATOR_NAME: name,
        REDLINE_SIGNING_KEY_FILE: keyFile,
        ...settings,
        ...logins?.settingsOf(name),
      });
      all.set(name, one);
      await one.start();
    }
    const { leader } = await roles();
    const publicKey = await leader.publicKey();
    const peers = new Map<NodeId, FakeNode>();
    for (const node of NODES)
      nodes.push(
        await FakeNode.start({
          ...{ node, url, publicKey, specimenSha256: SHA, peers },
          ...(logins === null ? {} : { seedFile: logins.seedOf(node) }),
          ...nodeOptions,
        }),
      );
    await until("all nodes seen", async () => (await leader.journal()).state.nodes.size === NODES.length);
  } catch (error) {
    for (const one of all.values()) process.stderr.write(one.said);
    await end();
    throw error;
  }
  return {
    nodes,
    all,
    roles,
    async submit(body) {
      const answer = await (await roles()).leader.post("/api/studies", body);
      if (answer.status !== 201) throw new Error(`submission refused: ${answer.text}`);
      return studyIdSchema.parse(submitReplySchema.parse(JSON.parse(answer.text)).study);
    },
    ended: (study, timeoutMs = 2 * PATIENCE_MS) =>
      until(
        `study ${study} ended`,
        async () => {
          const { state } = await (await roles()).leader.journal();
          return (state.studies.get(study)?.endedAt ?? null) === null ? null : state.trialsOf(study);
        },
        timeoutMs,
      ),
    same: (timeoutMs = PATIENCE_MS) =>
      until(
        "both journals are the same",
        async () => {
          const [a, b] = await Promise.all([...all.values()].map(async (one) => (await one.journal()).lines));
          return a !== undefined && a.length > 0 && a.join("\n") === b?.join("\n") ? a : null;
        },
        timeoutMs,
      ),
    [Symbol.asyncDispose]: end,
  };
}

/** `leader`, `standby`, or null where it does not answer. */
export async function roleOf(one: CoordinatorProcess): Promise<unknown> {
  try {
    const answer: unknown = JSON.parse((await one.get("/readyz")).text);
    return typeof answer === "object" && answer !== null && "role" in answer ? answer.role : null;
  } catch {
    return null;
  }
}

/** Waits until the last process of it has ended by itself, and gives its exit code. */
export const exitCodeOf = (one: CoordinatorProcess, timeoutMs = PATIENCE_MS) =>
  until("it ended by itself", () => one.exited(), timeoutMs);
