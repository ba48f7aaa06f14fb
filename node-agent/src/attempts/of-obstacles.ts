import type { Obstacle, RunOrder } from "@redline/shared";
import { IN_CELL } from "./in-cell.ts";

type Order = Pick<RunOrder, "scenario">;
type Of<K extends Obstacle["kind"]> = Extract<Obstacle, { kind: K }>;

/** An engine that is nowhere; the real one lies at `IN_CELL.modelServer`. */
const MISSING_ENGINE = `${IN_CELL.nodeAgent}/dist/engine/main.js`;

/** password: the key for `ssh target` wants a passphrase. */
export const isLocked = ({ scenario }: Order): boolean =>
  scenario.obstacles.some(({ kind }) => kind === "password");

/** slow-link: as an option of the relay; of several the slowest. */
export function slowness({ scenario }: Order): { readonly bytesPerS?: number } {
  const rates = scenario.obstacles
    .filter((one): one is Of<"slow-link"> => one.kind === "slow-link")
    .map(({ kibPerS }) => kibPerS * 1024);
  return rates.length === 0 ? {} : { bytesPerS: Math.min(...rates) };
}

/** missing-dependency: what the target's sessions are told of the engine. */
export const engineTold = ({ scenario }: Order): Readonly<Record<string, string>> =>
  scenario.obstacles.some(({ kind }) => kind === "missing-dependency")
    ? { REDLINE_MODEL_SERVER: MISSING_ENGINE }
    : {};
