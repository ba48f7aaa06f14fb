import { createPublicKey } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { keyIdOf, objectDigest, sha256HexSchema } from "@redline/shared";
import { CliError, EXIT } from "../exit-codes.ts";
import { createApiClient } from "../source/api-client.ts";
import { addressOf, journalFileOf, type SourceOptions } from "../source/choose-source.ts";

const CHUNK_BYTES = 1_048_576;
const MAX_LINE_BYTES = 67_108_864;
const NEWLINE = 0x0a;

/** A coordinator's journal and objects, from its API or from its state folder. */
export interface JournalSource {
  /** For people. */
  readonly name: string;
  /** Key id and PEM of the coordinator; null where nothing says it. */
  lab(): Promise<{ readonly lab: string; readonly pem: string } | null>;
  /** Gives each whole line up to the newest at the time of the call. `torn`: what of a file's end is no whole line. */
  lines(onLine: (line: string) => void | Promise<void>): Promise<{ readonly torn: string }>;
  /** Digests of a study's objects. */
  objects(study: string): Promise<string[]>;
  /** Null where it is not there, or is not what its name says. */
  object(study: string, sha256: string): Promise<Buffer | null>;
}

export async function journalSource(options: SourceOptions, cwd: string): Promise<JournalSource> {
  const address = addressOf(options);
  return address === null
    ? fileSource(await journalFileOf(options, cwd))
    : apiSource(createApiClient(address));
}

type Client = ReturnType<typeof createApiClient>;

function apiSource(client: Client): JournalSource {
  return {
    name: client.name,
    lab: () => client.lab(),
    async lines(onLine) {
      let taken = 0;
      let end = Infinity;
      // Ends at the newest record of the first answer, however fast the journal grows.
      while (taken < end) {
        const { lines, head } = await client.journal(taken, 0);
        end = Math.min(end, head);
        const some = lines.slice(0, end - taken);
        if (some.length === 0) break;
        for (const line of some) await onLine(line);
        taken += some.length;
      }
      return { torn: "" };
    },
    objects: async (study) => (await client.objects(study)).map(({ sha256 }) => sha256),
    async object(study, sha256) {
      const bytes = await client.object(study, sha256);
      return bytes !== null && objectDigest(bytes) === sha256 ? bytes : null;
    },
  };
}

/** @param path the coordinator's `journal.jsonl`; its objects and its public key lie beside it. */
export function fileSource(path: string): JournalSource {
  const dir = dirname(path);
  return {
    name: path,
    async lab() {
      try {
        const pem = await readFile(join(dir, "coordinator.pub"), "utf8");
        return { lab: keyIdOf(createPublicKey(pem)), pem };
      } catch {
        return null;
      }
    },
    async lines(onLine) {
      let rest = Buffer.alloc(0);
      for await (const piece of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
        if (!Buffer.isBuffer(piece)) continue;
        const bytes = Buffer.concat([rest, piece]);
        let from = 0;
        for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
          await onLine(bytes.toString("utf8", from, end));
          from = end + 1;
        }
        rest = bytes.subarray(from);
        if (rest.length > MAX_LINE_BYTES)
          throw new CliError(EXIT.unexpected, `${path} has a line of more than ${MAX_LINE_BYTES} bytes`);
      }
      return { torn: rest.toString("utf8") };
    },
    async objects(study) {
      const names = await readdir(join(dir, "objects", study)).catch(() => []);
      return names.filter((name) => sha256HexSchema.safeParse(name).success).toSorted();
    },
    async object(study, sha256) {
      const place = join(dir, "objects", study, sha256);
      if ((await stat(place).catch(() => null))?.isFile() !== true) return null;
      const bytes = await readFile(place);
      return objectDigest(bytes) === sha256 ? bytes : null;
    },
  };
}
