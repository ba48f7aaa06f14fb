/** What a submission says of its scenarios, where nothing of them matters but the shape, which is the name. */
export const SCENARIOS = Object.fromEntries(
  (["local-copy", "cross-device", "chain"] as const).map((shape) => [
    shape,
    { v: 1, name: shape, summary: "of a test", shape, instructed: true, task: "Bring up a copy." },
  ]),
);
