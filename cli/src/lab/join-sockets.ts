import type { Duplex } from "node:stream";

/**
 * Carries bytes both ways until both have ended; each end is passed on by itself, so that a client that has said all it wants
 * still hears the answer. An error on one side ends both.
 */
export function joinSockets(one: Duplex, other: Duplex): void {
  const endBoth = () => {
    one.destroy();
    other.destroy();
  };
  for (const side of [one, other]) {
    side.on("error", endBoth);
    // A side that is gone before it ended would leave the other waiting.
    side.on("close", endBoth);
  }
  one.pipe(other);
  other.pipe(one);
}
