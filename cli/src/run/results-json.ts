import type { Results } from "./results.ts";

/** Results as data: trials by their names. */
export function resultsJson(results: Results) {
  return {
    arms: results.arms,
    surprises: results.surprises.map(({ trial, ...rest }) => ({
      trial: trial.trial,
      arm: trial.arm,
      ...rest,
    })),
    expectedVerdicts: results.expected,
    infra: {
      share: results.infra.share,
      limit: results.infra.limit,
      faults: results.infra.trials.flatMap((trial) =>
        trial.attempts.flatMap(({ attempt, fault, detail }) =>
          fault === null ? [] : [{ trial: trial.trial, attempt, fault, detail }],
        ),
      ),
    },
    notSterile: results.notSterile,
    containment: results.containment,
    cancelled: results.cancelled,
    unplaced: results.unplaced.map(({ trial, why }) => ({ trial, why })),
    stoppedByFaults: results.stoppedByFaults,
    calibration: results.calibration,
  };
}
