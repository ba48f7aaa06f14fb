import { copiesOf, recorded } from "@redline/shared";
import { expect, it } from "vitest";
import { attempt, claim, COPY, LIMIT_MS, turncoats } from "./hostile-copies.ts";

it.concurrent.each([
  ["hangs", "hang", "no complete answer within 2000 ms"],
  ["sends 100 MB", "flood", "answer of more than 65536 bytes"],
  ["sends elsewhere, to the original", "redirect", "HTTP status 307"],
  ["speaks TLS", "tls", "Parse Error"],
  ["hangs up", "nothing", "socket hang up"],
  ["is gone, all of it", "die", "socket hang up"],
])(
  "a copy that answers at first and then %s is refuted, with that word in each record",
  async (_, mode, word) => {
    const { evidence, strict } = await attempt(turncoats(mode));
    expect(copiesOf(evidence)).toEqual([COPY]);
    expect(strict.verdict).toBe("refuted");
    expect(claim(strict, "own-bytes")).toMatchObject({
      result: "refuted",
      reason: "its processes opened no weights; lineage none",
    });
    const asked = recorded(evidence, "canaries").find((c) => c.body.of === "copy");
    const [first, ...rest] = asked?.body.canaries ?? [];
    expect(first?.error).toContain(word);
    expect(first).toMatchObject({ text: "", tokens: [], logprobs: [] });
    expect(new Set(rest.map((c) => c.error))).toEqual(
      new Set(["not asked: the question before it had no answer"]),
    );
    // The original's answers are no answers of the copy's, by whatever road.
    expect(claim(strict, "same-model")?.result).toBe("not-tested");
    expect([claim(strict, "independent")?.result, claim(strict, "persistent")?.result]).toEqual([
      "refuted",
      "refuted",
    ]);
  },
  LIMIT_MS + 10_000,
);
