import { z } from "zod";
import { badFile, firstIssue } from "../bad-file.ts";
import type { ForeignLog } from "../foreign-log.ts";
import { headerSchema, sampleSchema, type InspectHeader, type InspectSample } from "./inspect-schema.ts";
import { readSample } from "./read-sample.ts";

const withSamples = z.object({ samples: z.array(z.unknown()).nullish() });

/** Inspect's log as one JSON file. @throws CliError where it holds no samples, or ones of another shape. */
export function readInspectJson(value: unknown, file: string): ForeignLog {
  const header = parseHeader(value, file);
  const samples = (withSamples.safeParse(value).data?.samples ?? []).map((raw, i) =>
    parseSample(raw, `samples.${i}`, file),
  );
  if (samples.length === 0) throw noSamples(file);
  return {
    format: "inspect",
    model: header.eval.model ?? null,
    names: samples.map(({ id, epoch }) => sampleName(id, epoch)),
    trials: () => samples.map(readSample),
  };
}

export function parseHeader(value: unknown, file: string): InspectHeader {
  const header = headerSchema.safeParse(value);
  if (header.success) return header.data;
  throw badFile(
    file,
    `its header is none of Inspect's: ${firstIssue(header.error)}`,
    AS_WRITTEN,
    header.error,
  );
}

export function parseSample(value: unknown, where: string, file: string): InspectSample {
  const sample = sampleSchema.safeParse(value);
  if (sample.success) return sample.data;
  throw badFile(
    file,
    `${where} is no sample of Inspect: ${firstIssue(sample.error)}`,
    AS_WRITTEN,
    sample.error,
  );
}

export const sampleName = (id: string | number, epoch: number) => `${id} epoch ${epoch}`;

export const noSamples = (file: string) =>
  badFile(
    file,
    "it holds no samples",
    "give the log of a run with samples (`--no-log-samples` leaves them out)",
  );

const AS_WRITTEN =
  "give the log as Inspect wrote it; `inspect log convert` brings old ones into today's form";
