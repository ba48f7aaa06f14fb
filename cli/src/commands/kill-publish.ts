import { createPrivateKey, randomBytes, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { nodeIdSchema, signKill, subjects, type CoordinatorName } from "@redline/shared";
import { z } from "zod";
import { CliError, EXIT } from "../exit-codes.ts";

const CONNECT_MS = 5000;
const ANSWERS_MS = 3000;

const answerSchema = z.object({
  v: z.literal(1),
  node: nodeIdSchema,
  cells: z.int().min(0),
  tookMs: z.number().min(0),
});

/** What became of a kill on one node, as far as it said. */
export interface KillAnswer {
  readonly node: string;
  readonly heard: boolean;
  readonly cells?: number;
  readonly tookMs?: number;
}

/** Signs and publishes; resolves with the answers of 3 s. @throws CliError */
export async function publishKill(options: {
  servers: readonly string[];
  keyFile: string;
  nkeyFile: string | undefined;
  caFile: string | undefined;
  /** The coordinator whose seed it is: its rights are what a kill needs. */
  as: CoordinatorName;
  kill: { who: string; why: string };
  onPublished: () => void;
}): Promise<KillAnswer[]> {
  const key = await readKey(options.keyFile);
  const signed = signKill({ ...options.kill, issuedAt: new Date().toISOString() }, key);
  const { connectNats, EVERYONE } = await import("@redline/daemon");
  const connecting = connectNats({
    servers: options.servers,
    name: options.as,
    nkeySeedFile: options.nkeyFile,
    caFile: options.caFile,
  }).catch((error: unknown) => {
    const said = error instanceof Error ? error.message : String(error);
    throw new CliError(EXIT.unreachable, `${options.servers.join(" ")}: ${said}`, {
      cause: error,
      remedy: REMEDY,
    });
  });
  const nc = await within(connecting, CONNECT_MS);
  if (nc === null)
    throw new CliError(EXIT.unreachable, `no NATS server of ${options.servers.join(" ")} answers`, {
      remedy: REMEDY,
    });
  try {
    const answers = new Map<string, KillAnswer>();
    const id = randomBytes(16).toString("hex");
    nc.subscribe(subjects.answersTo(options.as), {
      callback: (error, message) => {
        // A coordinator that runs under the same name gets answers of its own.
        if (error !== null || !message.subject.endsWith(`.${id}`)) return;
        try {
          const { node, cells, tookMs } = answerSchema.parse(message.json());
          answers.set(node, { node, heard: true, cells, tookMs });
        } catch {
          // Not an answer of a node.
        }
      },
    });
    nc.publish(subjects.kill, JSON.stringify(signed), {
      reply: subjects.answer(nodeIdSchema.parse(EVERYONE), options.as, id),
    });
    // The server has taken it when this resolves.
    if (
      (await within(
        nc.flush().then(() => true),
        CONNECT_MS,
      )) === null
    )
      throw new CliError(EXIT.unreachable, "the NATS server did not confirm that it took the kill", {
        remedy: REMEDY,
      });
    options.onPublished();
    await new Promise((resolve) => setTimeout(resolve, ANSWERS_MS));
    return [...answers.values()].toSorted((a, b) => (a.node < b.node ? -1 : 1));
  } finally {
    await within(nc.close(), 1000);
  }
}

const REMEDY =
  "check --nats, --nkey, --as and --ca; without NATS, make the file `kill` in a node's state folder, or send SIGUSR2 to its daemon";

async function readKey(path: string): Promise<KeyObject> {
  let key: KeyObject;
  try {
    key = createPrivateKey(await readFile(path, "utf8"));
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new CliError(EXIT.usage, `${path}: ${said}`, {
      cause: error,
      remedy: "give the coordinator's signing key with --key FILE",
    });
  }
  if (key.asymmetricKeyType !== "ed25519")
    throw new CliError(EXIT.usage, `${path} holds no Ed25519 key`, {
      remedy: "give coordinator.key of the coordinator's state folder",
    });
  return key;
}

/** Null when it takes longer; what it was waiting for goes on and ends with the process. */
async function within<T>(work: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
