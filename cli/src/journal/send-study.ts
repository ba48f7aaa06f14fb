import { studyIdSchema } from "@redline/shared";
import { CliError, EXIT } from "../exit-codes.ts";
import type { ApiClient, Why } from "../source/api-client.ts";
import { exportLines, exportObjects, type CheckedExport } from "./read-export.ts";

const LINES = 500;
const LINES_BYTES = 1_000_000;
const PIECE_BYTES = 1_500_000;

/**
 * Sends a checked export of one study to a running coordinator: lines, objects, and the end, on which the study goes on there. One that
 * was cut off goes on where it was. @returns what became of the study.
 */
export async function sendStudy(
  client: ApiClient,
  file: string,
  { manifest }: CheckedExport,
  why: Why,
  onProgress: (text: string) => void,
): Promise<string> {
  const study = studyIdSchema.parse(manifest.study);
  const base = { ...why, lab: manifest.lab, study };
  const { have } = await client.importLines({ ...base, at: 0, lines: [], last: false });
  let [at, seen] = [have, 0];
  let waiting: string[] = [];
  let bytes = 0;
  const flush = async () => {
    if (waiting.length === 0) return;
    const reply = await client.importLines({ ...base, at, lines: waiting, last: false });
    at += waiting.length;
    if (reply.have !== at)
      throw new CliError(EXIT.unexpected, `the coordinator has ${reply.have} of ${at} records`, {
        remedy: "does another import of this study run? else run this again: it goes on where it was",
      });
    waiting = [];
    bytes = 0;
    onProgress(`${at} of ${manifest.records} records`);
  };
  await exportLines(file, async (line) => {
    seen += 1;
    if (seen <= have) return;
    if (bytes + line.length > LINES_BYTES || waiting.length >= LINES) await flush();
    waiting.push(line);
    bytes += line.length;
  });
  await flush();
  let sent = 0;
  await exportObjects(file, async (_study, sha256, object) => {
    for (let offset = 0; offset === 0 || offset < object.length; offset += PIECE_BYTES) {
      const piece = object.subarray(offset, offset + PIECE_BYTES);
      const last = offset + piece.length >= object.length;
      await client.importObject({ study, sha256, offset, base64: piece.toString("base64"), last });
    }
    sent += 1;
    if (sent % 500 === 0) onProgress(`${sent} objects`);
  });
  const { outcome } = await client.importLines({ ...base, at, lines: [], last: true });
  return outcome;
}
