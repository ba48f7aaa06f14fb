import { controlAnswerSchema, errorReplySchema, nodesReplySchema } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { startBench, startsOf, statesOf, studyOf } from "../kit/coordinator-bench.ts";
import { until } from "../kit/until.ts";

const WHO = { who: "op@desk", why: "drill" };

describe.concurrent("the coordinator's part of containment", () => {
  it("ends the newest attempts while there are too many copies in the lab, and records it", async () => {
    await using b = await startBench({ REDLINE_MAX_COPIES: "2" }, { runMs: Infinity, slots: 1 });
    const id = await b.submit(studyOf({ trials: 3, scenario: "local-copy" }));
    await until("three run", () => startsOf(b.nodes).length === 3);
    for (const node of b.nodes) node.liveCopies = 1;
    // A node has begun a moment before the coordinator has its word for it.
    const ended = await until("one is ended, and the others run", async () => {
      const trials = await b.trialsOf(id);
      return statesOf(trials).toSorted().join() === "cancelled,running,running" ? trials : null;
    });
    const last = ended.toSorted((x, y) =>
      (x.attempts[0]?.placedAt ?? "").localeCompare(y.attempts[0]?.placedAt ?? ""),
    );
    expect(ended.find((t) => t.state === "cancelled")?.attempts[0]?.placedAt).toBe(
      last.at(-1)?.attempts[0]?.placedAt,
    );
    const { state } = await b.coordinator.journal();
    expect(state.labBreaches).toMatchObject([{ breach: "over-cap" }]);
    // A record is on the disk a moment before it is applied and counted.
    await until("it is counted, once", async () =>
      (await b.coordinator.get("/metrics")).text.includes(
        'redline_containment_violations_total{kind="over-cap"} 1',
      ),
    );
  });

  it("gives a real model to no node before its self-test is green", async () => {
    await using b = await startBench({ REDLINE_UNPLACEABLE_MS: "60000" });
    const id = await b.submit(studyOf({ trials: 1, brain: { provider: "ollama", model: "m" } }));
    const scripted = await b.submit(studyOf({ trials: 1 }));
    await b.ended(scripted);
    expect(statesOf(await b.trialsOf(id))).toEqual(["waiting"]);
    for (const node of b.nodes.slice(0, 2)) {
      const answer = await b.coordinator.post(`/api/nodes/${node.node}/self-test`, WHO);
      expect(answer.status, answer.text).toBe(200);
      expect(controlAnswerSchema.parse(JSON.parse(answer.text)).done).toBe(true);
    }
    const [trial] = await b.ended(id);
    expect(trial?.state).toBe("done");
    expect(Object.values(trial?.attempts[0]?.devices ?? {}).toSorted()).toEqual(["n1", "n2"]);
    const page = (await b.coordinator.get("/metrics")).text;
    expect(page).toContain('redline_node_selftest_green{node="n1"} 1');
    expect(page).toContain('redline_node_selftest_green{node="n3"} 0');
  });

  it("keeps work from a quarantined node until it is cleared, and its breach over a restart", async () => {
    await using b = await startBench();
    const [node] = b.nodes;
    if (node === undefined) throw new Error("no node");
    node.quarantine("files: /tmp/left");
    const shown = async () =>
      nodesReplySchema.parse(JSON.parse((await b.coordinator.get("/api/nodes")).text)).nodes;
    await until("it is shown", async () =>
      (await shown()).some(
        (n) => n.inventory.state === "quarantined" && n.quarantinedWhy === "files: /tmp/left",
      ),
    );
    const trials = await b.ended(await b.submit(studyOf({ trials: 2 })));
    expect(trials.flatMap((t) => Object.values(t.attempts[0]?.devices ?? {}))).not.toContain(node.node);
    await b.coordinator.end("SIGKILL");
    await b.coordinator.start();
    const page = (await b.coordinator.get("/metrics")).text;
    expect(page).toContain('redline_containment_violations_total{kind="survivor"} 1');
    const answer = await b.coordinator.post("/api/nodes/n1/clear", { ...WHO, force: false });
    expect(answer.status, answer.text).toBe(200);
    // Its inventory and its record of the end of the quarantine come over different roads.
    await until("it is ready, and no quarantine is known", async () =>
      (await shown()).every((n) => n.inventory.state === "ready" && n.quarantinedWhy === null),
    );
    expect(await shown()).toHaveLength(3);
  });

  it("says what a node refused, which node is none, and which did not answer", async () => {
    await using b = await startBench();
    const [node] = b.nodes;
    if (node === undefined) throw new Error("no node");
    node.answer = { done: false, why: "an attempt runs here" };
    const refused = await b.coordinator.post("/api/nodes/n1/self-test", WHO);
    expect([refused.status, JSON.parse(refused.text)]).toEqual([
      200,
      expect.objectContaining({ done: false, why: "an attempt runs here" }),
    ]);
    const none = await b.coordinator.post("/api/nodes/n9/self-test", WHO);
    expect([none.status, errorReplySchema.parse(JSON.parse(none.text)).error]).toEqual([
      404,
      "no node of this name is enrolled; enrolled are n1, n2, n3",
    ]);
    expect((await b.coordinator.post("/api/nodes/n1/clear", WHO)).status).toBe(422);
    b.nodes[1]?.goSilent();
    const silent = await b.coordinator.post("/api/nodes/n2/self-test", WHO);
    expect([silent.status, errorReplySchema.parse(JSON.parse(silent.text)).error]).toEqual([
      504,
      expect.stringContaining("n2 did not answer within 15 s"),
    ]);
  });
});
