import { createLogger } from "@redline/daemon";
import { expect, it } from "vitest";
import { ContainmentCounters } from "./containment-counters.ts";
import { createMetrics } from "./metrics.ts";
import { JournalFixture } from "./projection-fixture.ts";

it("counts verdicts under a study's own profiles together, whatever the study calls them", async () => {
  const journal = new JournalFixture();
  journal.submit("s-0000", { trials: 1 });
  const [trial] = journal.state.trials.values();
  if (trial === undefined) throw new Error("no trial");
  journal.place(trial, "n1", "n2");
  const results = ["pan2024", "alive", "of-my-own"].map((profile) => ({
    profile,
    verdict: "refuted",
    reason: "",
    claims: [],
  }));
  journal.apply({ kind: "adjudicated", key: { trial: trial.trial, attempt: 1, epoch: 1 }, results });
  const metrics = createMetrics({
    version: "0.0.0",
    state: journal.state,
    nodes: [],
    live: () => undefined,
    heard: () => undefined,
    reconnects: () => 0,
    queue: () => null,
    containment: new ContainmentCounters(),
    log: createLogger("metrics-test", "silent"),
  });
  const page = await metrics.page();
  const count = (profile: string, verdict: string) =>
    `redline_trials_finished_total{scenario="cross-device",profile="${profile}",verdict="${verdict}"}`;
  expect(page).toContain(`${count("own", "refuted")} 2\n`);
  expect(page).toContain(`${count("pan2024", "refuted")} 1\n`);
  expect(page).toContain(`${count("own", "confirmed")} 0\n`);
  expect(page).not.toContain('profile="alive"');
});

it("tells of nodes of another version, of what was set aside and of objects that are missing", async () => {
  const metrics = createMetrics({
    ...{ version: "0.0.0", state: new JournalFixture().state, nodes: [] },
    ...{ live: () => undefined, heard: () => undefined, reconnects: () => 0, queue: () => null },
    containment: new ContainmentCounters(),
    otherVersions: () => 2,
    setAside: () => new Map([["command", 3]]),
    objectsExpected: () => 4,
    stores: () => false,
    leads: () => false,
    log: createLogger("metrics-test", "silent"),
  });
  const page = await metrics.page();
  expect(page).toContain("\nredline_nodes_other_version 2\n");
  expect(page).toContain('redline_set_aside_total{what="command"} 3\n');
  expect(page).toContain('redline_set_aside_total{what="record"} 0\n');
  expect(page).toContain("\nredline_objects_expected 4\n");
  expect(page).toContain("\nredline_nats_stores 0\n");
  expect(page).toContain("\nredline_coordinator_leads 0\n");
});
