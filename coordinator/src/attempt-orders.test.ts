import type { Stored } from "@redline/daemon";
import { pino } from "pino";
import { expect, it } from "vitest";
import { AttemptOrders } from "./attempt-orders.ts";
import { JournalFixture } from "./projection-fixture.ts";

it("does not take the fate of a predecessor's message for the attempt's", async () => {
  const journal = new JournalFixture();
  const study = journal.submit("s-0000");
  const [trial] = journal.state.trialsOf(study.id);
  if (trial === undefined) throw new Error("no trial");
  const attempt = journal.place(trial, "n1", "n2");
  const sent: string[] = [];
  let store: (sent: Stored) => void = () => undefined;
  const second = new Promise<Stored>((resolve) => (store = resolve));
  const dispatcher = {
    epoch: 7,
    send: (_node: string, id: string) => {
      sent.push(id);
      return sent.length === 1 ? Promise.resolve({ seq: 4, duplicate: true }) : second;
    },
    tell: () => undefined,
    ask: () => Promise.resolve(null),
    withdraw: () => Promise.resolve(),
  };
  const mirror = { sync: () => Promise.resolve() };
  const orders = new AttemptOrders(dispatcher, mirror, pino({ level: "silent" }));
  orders.run(study, trial, attempt);
  await expect.poll(() => sent).toEqual(["s-0000-001.1", "s-0000-001.1.e7"]);
  expect(orders.runSentAs(4)).toBeNull();
  store({ seq: 9, duplicate: false });
  await orders.settled();
  expect([orders.runSentAs(4), orders.runSentAs(9)]).toEqual([null, { trial: "s-0000-001", attempt: 1 }]);
});
