import { createLogger } from "@redline/daemon";
import type { CoordinatorRecordBody } from "@redline/shared";
import { expect, it } from "vitest";
import { CopyCap } from "./copy-cap.ts";
import { inventoryOf, JournalFixture } from "./projection-fixture.ts";
import { Turns } from "./turns.ts";

function capped(most: number) {
  const journal = new JournalFixture();
  const committed: CoordinatorRecordBody[] = [];
  const cancelled: string[] = [];
  const lab = { copies: 0, nowMs: 0 };
  const cap = new CopyCap({
    store: {
      state: journal.state,
      commit: (body) => {
        committed.push(body);
        journal.apply(body);
        return Promise.resolve({ v: 1, seq: 1, prev: "", at: "", monoMs: 0, body });
      },
    },
    turns: new Turns(),
    orders: { cancel: (trial, attempt) => void cancelled.push(`${trial.trial}.${attempt.attempt}`) },
    live: () => [inventoryOf("n1", { liveCopies: lab.copies }), inventoryOf("n2", { liveCopies: 1 })],
    most,
    clock: { monoMs: () => lab.nowMs },
    log: createLogger("cap-test", "silent"),
  });
  const sweep = async () => {
    committed.length = 0;
    cancelled.length = 0;
    await cap.sweep();
    return { kinds: committed.map(({ kind }) => kind), cancelled: [...cancelled] };
  };
  return { journal, lab, sweep, committed };
}

it("ends the newest attempts until the rest is within the cap, and then waits for what was ended", async () => {
  const { journal, lab, sweep, committed } = capped(4);
  const study = journal.submit("s-0000", { trials: 4 });
  for (const trial of journal.state.trialsOf(study.id)) {
    const attempt = journal.place(trial, "n1", "n2");
    journal.record("n2", trial, attempt, { kind: "census", device: "target", copies: 2, generation: 1 });
  }
  lab.copies = 3;
  expect(await sweep()).toEqual({ kinds: [], cancelled: [] });
  lab.copies = 6;
  // Three too many, two copies an attempt.
  expect(await sweep()).toEqual({
    kinds: ["lab-breach", "cancelled", "cancelled"],
    cancelled: ["s-0000-004.1", "s-0000-003.1"],
  });
  expect(committed[0]).toMatchObject({
    breach: "over-cap",
    detail: "7 live copies in the lab, the cap is 4; ended: s-0000-004.1, s-0000-003.1",
  });
  expect(journal.state.labBreaches).toHaveLength(1);
  expect((await sweep()).kinds).toEqual([]);
  lab.nowMs = 20_000;
  expect((await sweep()).cancelled).toEqual(["s-0000-002.1", "s-0000-001.1"]);
});

it("says once that there are too many copies where no attempt is under way", async () => {
  const { lab, sweep } = capped(1);
  lab.copies = 9;
  expect((await sweep()).kinds).toEqual(["lab-breach"]);
  lab.nowMs = 20_000;
  expect((await sweep()).kinds).toEqual([]);
  lab.copies = 0;
  await sweep();
  lab.copies = 9;
  expect((await sweep()).kinds).toEqual(["lab-breach"]);
});
