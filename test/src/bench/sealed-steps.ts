import { generateKeyPairSync, sign, verify } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openJournal } from "@redline/daemon";

/** What a trial of ours keeps and signs beside its messages, and nothing else of it. */
export interface SealedSteps extends AsyncDisposable {
  /** The job is given out: one record of the giver, one signature. */
  give(): Promise<void>;
  /** It is taken: the signature verified, one record of the taker. */
  take(): Promise<void>;
  /** It is done: the taker's other records and its seal. */
  finish(): Promise<void>;
  /** It counts: the seal verified and countersigned, the verdict signed, the giver's other records. */
  count(): Promise<void>;
}

/** Bytes of a record, of a command and of a statement: what those of an empty trial have. */
const [RECORD, COMMAND, STATEMENT] = ["r".repeat(700), Buffer.alloc(1500, "c"), Buffer.alloc(900, "s")];

/** Two journals on disk, one a side, as a coordinator and a node daemon have them, with as many records and signatures as an empty trial. */
export async function sealedSteps(): Promise<SealedSteps> {
  const dir = await mkdtemp(join(tmpdir(), "redline-floor-"));
  const [giver, taker] = await Promise.all(
    ["giver", "taker"].map(async (name) => (await openJournal(join(dir, `${name}.jsonl`))).journal),
  );
  if (giver === undefined || taker === undefined) throw new Error("no journals");
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const record = { record: RECORD };
  const signed = (bytes: Buffer) => sign(null, bytes, privateKey);
  const [command, seal] = [signed(COMMAND), signed(STATEMENT)];
  const check = (bytes: Buffer, signature: Buffer) => {
    if (!verify(null, bytes, publicKey, signature)) throw new Error("a signature does not verify");
  };
  const write = async (journal: typeof giver, records: number) => {
    await Promise.all(Array.from({ length: records }, () => journal.append(record)));
  };
  return {
    async give() {
      await write(giver, 1);
      signed(COMMAND);
    },
    async take() {
      check(COMMAND, command);
      await write(taker, 1);
    },
    async finish() {
      signed(STATEMENT);
      await write(taker, 4);
    },
    async count() {
      await write(giver, 5);
      check(STATEMENT, seal);
      signed(STATEMENT);
      signed(STATEMENT);
      await write(giver, 2);
    },
    async [Symbol.asyncDispose]() {
      await giver.close();
      await taker.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
