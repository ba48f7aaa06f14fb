/** Cases that are no list's: they belong to the end of cells, or to the suite itself. */
export const ENDS = {
  sterile: {
    id: "sterile",
    what: "leaves anything at all on the node after two cells have ended",
    expected: "teardown, and the proofs that look for it",
  },
  again: {
    id: "starts-again",
    what: "starts again after its cell was torn down",
    expected: "the kernel ends all of a PID namespace with its init",
  },
  ttl: {
    id: "outlives-its-time",
    what: "lives on when its cell's time is over",
    expected: "init ends by boot time",
  },
  /** Only there when the suite could not run to its end. */
  suite: { id: "suite", what: "runs the suite itself", expected: "nothing" },
} as const;
