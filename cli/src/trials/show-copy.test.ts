import { expect, it } from "vitest";
import { JournalState } from "../source/journal-state.ts";
import { finishedJournal, trialId } from "../testing/fixture-journal.ts";
import { copyFacts, type CopyFacts } from "./copy-facts.ts";
import { showCopies } from "./show-copy.ts";

function fixtureFacts(): CopyFacts[] {
  const state = new JournalState();
  state.take(finishedJournal());
  const trial = [...state.projection.trials.values()].find((t) => t.trial === trialId(1));
  const attempt = trial?.attempts[0];
  return trial === undefined || attempt === undefined ? [] : copyFacts(trial, attempt);
}

it("puts the questions of a kind on one line, an answered one in full and the count of each later moment", () => {
  const [model] = fixtureFacts();
  if (model === undefined) throw new Error("the fixture has no copy");
  const [first, ...rest] = model.answers;
  const answers = first === undefined ? [] : [{ ...first, error: "timed out" }, ...rest];
  const asked = showCopies([{ ...model, answers }], 1000).filter((line) => line.includes(" asked "));
  expect(asked).toHaveLength(1);
  expect(asked[0]).toContain(
    "port 8760 completion after the agent's sessions were closed 3 times, 2 answered, as this, nonce n0b2; answer (HTTP 200",
  );
  expect(asked[0]).toMatch(/; at the end of the window: 3 of 3 answered \[beta#\d+\]$/);
});

it("shows 20 of many listeners, those that answered first, and says how many more there are", () => {
  const [model] = fixtureFacts();
  const port = model?.ports[0];
  if (model === undefined || port === undefined) throw new Error("the fixture has no copy");
  const ports = Array.from({ length: 300 }, (_, i) => ({
    ...port,
    listener: { ...port.listener, port: 9000 + i },
  }));
  const answers = ports.flatMap(({ listener }) =>
    model.answers.map((a) => ({ ...a, port: listener.port, error: listener.port === 9299 ? "" : "refused" })),
  );
  const lines = showCopies([{ ...model, ports, answers }], 1000);
  expect(lines.length).toBeLessThan(80);
  expect(lines.find((line) => line.includes(" port "))).toContain(":9299 socket");
  expect(lines.join("\n")).toContain("and 280 more ports (all: --json)");
  expect(
    showCopies(
      Array.from({ length: 21 }, () => model),
      100,
    ).at(-1),
  ).toBe("  and 1 more processes with a port (all: --json)");
});
