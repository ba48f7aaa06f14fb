import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { WeightsFile, WeightsSample } from "@redline/shared";
import { calibrate, type CalibrateOptions } from "../identity/calibrate.ts";
import { Calibrations, type CalibrationKey } from "../identity/calibrations.ts";
import type { Calibrated } from "../identity/measure.ts";
import type { StoredSpecimen } from "../inventory/specimen-store.ts";
import { manifestOf, type ReferenceFile } from "../weights/reference-manifest.ts";
import { sampleFile } from "../weights/sample-file.ts";
import type { PartContext } from "./device-part.ts";

interface Job extends CalibrationKey {
  readonly stored: StoredSpecimen;
  readonly context: PartContext;
}

/** What this node knows of a specimen beyond its folder: measured or read once, and kept for the daemon's life. */
export class SpecimenFacts {
  readonly #calibrations: Calibrations<Job>;
  readonly #unmarked = new Map<string, Promise<WeightsFile[]>>();

  /** @param signal the daemon's. */
  constructor(options: Pick<CalibrateOptions, "eyes" | "tools" | "now" | "cellsDir">, signal: AbortSignal) {
    this.#calibrations = new Calibrations<Job>(
      ({ stored, context }, until) =>
        calibrate({
          ...options,
          driver: context.driver,
          order: context.order,
          specimen: stored.specimen,
          specimenDir: stored.dir,
          signal: until,
          onProof: (proof) => {
            if (proof.clean) return;
            // Without a proof that it is gone, the slot it shares a machine with is not to be used again.
            context.loseSlot();
            void context.log
              .write({ kind: "cell-gone", device: "origin", cell: "calibration", proof }, context.order.key)
              .catch(() => undefined);
          },
        }),
      signal,
    );
  }

  /** What the instrument can tell apart with this specimen. @throws where it could not be measured; the next asks again. */
  calibration(stored: StoredSpecimen, context: PartContext): Promise<Calibrated> {
    const { sha256, specimen } = stored;
    return this.#calibrations.of({ sha256, weights: specimen.weights, stored, context }, context.signal);
  }

  /** Manifest of the weights as the original serves them. What carries no mark of the attempt is read once. */
  async manifest(
    { dir, sha256 }: StoredSpecimen,
    references: readonly ReferenceFile[],
    signal: AbortSignal,
  ): Promise<WeightsFile[]> {
    const files: WeightsFile[] = [];
    for (const reference of references) {
      const own = reference.path.startsWith(`${dir}/`);
      const key = `${sha256} ${reference.name}`;
      const read =
        (own ? this.#unmarked.get(key) : undefined) ?? manifestOf([reference], own ? {} : { signal });
      if (own && !this.#unmarked.has(key)) {
        this.#unmarked.set(key, read);
        read.catch(() => this.#unmarked.delete(key));
      }
      files.push(...(await read));
    }
    return files;
  }

  /** Nonce-picked blocks of a reference file. @throws Error when there is none of that name, or it cannot be read. */
  async sample(references: readonly ReferenceFile[], name: string, nonce: string): Promise<WeightsSample> {
    const reference = references.find((r) => r.name === name);
    if (reference === undefined) throw new Error(`there is no reference file ${name}`);
    const file = await open(reference.path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const sampled = await sampleFile(file, (await file.stat()).size, nonce);
      if (!sampled.ok) throw new Error(sampled.why);
      return sampled.sample;
    } finally {
      await file.close();
    }
  }

  /** Resolves when no calibration's cell is left. */
  idle(): Promise<void> {
    return this.#calibrations.idle();
  }
}
