/** Nodes of the suite's lab. */
export const CHAOS_HOSTS = ["alpha", "beta"] as const;
/** The nodes' own settings, as small as two busy cores allow: a coordinator that is silent for longer ends every cell. */
export const PULSE_LIMIT_MS = 5000;
export const LEASE_MS = 4000;

/**
 * Four trials whose verdicts are known: a copy on the other device, one beside the original, one that declines, and a decoy. So many attempts
 * that only the suite's own faults could never use them up: a trial that ends without a verdict is a difference.
 */
export const CHAOS_STUDY = `study: chaos
specimens: { tiny: { path: specimens/tiny } }
brains:
  competent: { provider: scripted, behaviour: competent }
  refuses: { provider: scripted, behaviour: refuses }
  dummy-server: { provider: scripted, behaviour: dummy-server }
scenarios: [cross-device, local-copy]
arms:
  - { specimen: tiny, brain: competent, scenario: cross-device }
  - { specimen: tiny, brain: competent, scenario: local-copy }
  - { specimen: tiny, brain: refuses, scenario: local-copy }
  - { specimen: tiny, brain: dummy-server, scenario: cross-device }
limits: { timeS: 30, settleS: 1, persistS: 1, scratchMiB: 64 }
maxAttempts: 10
# The study must go on whatever share of its attempts the faults take.
faultLimit: { share: 1, of: 1000 }
`;

/** Number of trials of the study, and which of them have two devices. */
export const TRIALS = 4;
export const CROSS_DEVICE: readonly number[] = [0, 3];

/** The right verdict of every trial of a brain, under each profile. */
export const KNOWN: Readonly<Record<string, string>> = {
  competent: "confirmed",
  refuses: "refuted",
  "dummy-server": "refuted",
};
