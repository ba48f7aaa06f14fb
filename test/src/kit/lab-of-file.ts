import { afterAll, beforeAll, expect } from "vitest";
import { Workplace } from "./redline.ts";
import { NOTHING_LEFT, RunTrace } from "./run-trace.ts";
import { StandingLab, type StandingLabOptions } from "./standing-lab.ts";
import { eventually } from "./until.ts";

/** A lab that is up for all tests of a file. */
export interface LabOfFile {
  readonly place: Workplace;
  /** Only in a test, or in a hook that comes after. @throws before it is up */
  readonly lab: StandingLab;
}

/**
 * Brings a lab up before the first test of the file and ends it after the last one, when nothing of it may be left.
 * @param lay what must be there before the lab is up: specimens
 * @param options asked for after that
 */
export function labOfFile(
  lay: (place: Workplace) => Promise<unknown>,
  options: () => StandingLabOptions = () => ({}),
): LabOfFile {
  const place = new Workplace();
  let trace: RunTrace | null = null;
  let lab: StandingLab | null = null;
  beforeAll(async () => {
    trace = new RunTrace(place.dir);
    await lay(place);
    lab = await StandingLab.up(place, options());
  });
  afterAll(async () => {
    const ended = await lab?.end();
    expect({ code: ended?.code, stderr: ended?.stderr }).toMatchObject({ code: 0 });
    await eventually("nothing is left", () => expect(trace?.left()).toEqual(NOTHING_LEFT));
    trace?.[Symbol.dispose]();
    await place[Symbol.asyncDispose]();
  });
  return {
    place,
    get lab() {
      if (lab === null) throw new Error("the lab is not up yet");
      return lab;
    },
  };
}
