import { createServer } from "node:net";
import { nodeIdSchema } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { AttemptFault } from "../attempts/attempt-fault.ts";
import { refusesConnections, watchTarget, type WatchAnswer } from "./watch-target.ts";

const N2 = nodeIdSchema.parse("n2");

/** Asks until the answers are used up, and then ends the watch. @returns what was told, and how often the road was tried. */
async function watched(answers: readonly WatchAnswer[], refused: boolean) {
  const told: AttemptFault[] = [];
  const end = new AbortController();
  const left = [...answers];
  let tries = 0;
  await watchTarget(
    {
      ...{ to: N2, everyMs: 1 },
      ask: () => {
        const next = left.shift();
        if (next === undefined) end.abort();
        return Promise.resolve(next ?? "stands");
      },
      refuses: () => {
        tries += 1;
        return Promise.resolve(refused);
      },
      tell: (fault) => told.push(fault),
    },
    end.signal,
  );
  return { told: told.map(({ fault, message }) => `${fault}: ${message}`), tries };
}

describe("the watch over the target", () => {
  it("tells the target's own reason, once", async () => {
    const ended = new AttemptFault("coordinator-silent", "n2: no pulse");
    expect(await watched(["stands", ended, ended], true)).toEqual({
      told: ["coordinator-silent: n2: no pulse"],
      tries: 0,
    });
  });

  it("counts a daemon as dead where neither the bus nor its end of the road has it", async () => {
    expect(await watched(["nobody"], true)).toEqual({
      told: ["link-lost: the daemon of n2 is gone, and its end of the road with it"],
      tries: 1,
    });
  });

  it("leaves one alone that is cut off, or slow, and tries no road to one that answers", async () => {
    expect(await watched(["nobody", "nobody"], false)).toEqual({ told: [], tries: 2 });
    expect(await watched(["unknown", "stands"], true)).toEqual({ told: [], tries: 0 });
  });

  it("knows a port that refuses from one that listens", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    expect(await refusesConnections({ host: "127.0.0.1", port })).toBe(false);
    await new Promise((resolve) => server.close(resolve));
    expect(await refusesConnections({ host: "127.0.0.1", port })).toBe(true);
  });
});
