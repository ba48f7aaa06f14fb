import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isImporting, studyIdSchema } from "@redline/shared";
import { createLogger } from "@redline/daemon";
import { expect, it } from "vitest";
import { ImportCounts, importStudy } from "./import-study.ts";
import { openJournalStore } from "./journal-store.ts";
import { AT, scenariosFixture, SHA } from "./projection-fixture.ts";
import { isDue } from "./retention.ts";
import { cancelStudy } from "./stop.ts";
import { Turns } from "./turns.ts";

const FROM = "f".repeat(64);
const submitted = (study: string) =>
  JSON.stringify({
    ...{ v: 1, seq: 1, prev: "0".repeat(64), at: AT, monoMs: 0 },
    body: {
      ...{ kind: "study-submitted", study, file: "" },
      definition: {
        ...{ study: "s", specimens: { tiny: { path: "x" } }, scenarios: ["local-copy"] },
        brains: { b: { provider: "scripted", behaviour: "competent" } },
        retention: { objectsDays: 1 },
      },
      specimens: { tiny: { name: "tiny", sha256: SHA } },
      scenarios: scenariosFixture(["local-copy"]),
    },
  });
const ended = (study: string) =>
  JSON.stringify({
    ...{ v: 1, seq: 2, prev: "0".repeat(64), at: AT, monoMs: 0 },
    body: { kind: "study-ended", study, why: "w" },
  });

it("takes one import at a time, keeps its objects until it is complete, and lets a person give it up", async () => {
  const dir = await mkdtemp(join(tmpdir(), "redline-import-"));
  const clock = { monoMs: () => 0, now: () => new Date(AT) };
  const store = await openJournalStore(join(dir, "journal.jsonl"), clock, (error) => {
    throw error;
  });
  try {
    const [counts, turns] = [new ImportCounts(), new Turns()];
    store.onApplied((record) => counts.take(record));
    const send = (study: string, at: number, lines: string[]) =>
      importStudy({ store, turns, lab: "a".repeat(64) }, counts, {
        ...{ method: "POST", path: "/api/import", query: new URLSearchParams(), params: [], caller: null },
        json: () => Promise.resolve({ who: "ann", why: "w", lab: FROM, study, at, lines, last: false }),
      });
    expect((await send("s-0001", 0, [submitted("s-0001"), ended("s-0001")])).status).toBe(200);
    const refused = await send("t-0001", 0, [submitted("t-0001")]);
    expect(refused.status).toBe(409);
    expect(refused.body).toContain("s-0001 is being imported");
    expect([...store.state.studies.keys()]).toEqual(["s-0001"]);

    const study = store.state.studies.get(studyIdSchema.parse("s-0001"));
    if (study === undefined) throw new Error("not here");
    expect(study.endedAt).not.toBeNull();
    const later = new Date(Date.parse(AT) + 100 * 86_400_000);
    expect(isDue(study, later)).toBe(false);

    const log = createLogger("test", "silent");
    await cancelStudy({ store, turns, log, nodes: [], reach: () => null }, study.id, "ann", "not wanted");
    expect([isImporting(study), study.endedWhy]).toEqual([
      false,
      "import given up, cancelled by ann: not wanted",
    ]);
    expect(isDue(study, later)).toBe(true);
    expect((await send("t-0001", 0, [submitted("t-0001")])).status).toBe(200);
  } finally {
    await store.close();
    await rm(dir, { recursive: true });
  }
});
