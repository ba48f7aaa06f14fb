import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parser } from "@prometheus-io/lezer-promql";
import { createLogger, startHttp, type Route } from "@redline/daemon";
import { parse } from "yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { overview, UID } from "../../../deploy/grafana/src/overview.mjs";
import {
  nodeMetricsPage,
  seriesOf,
  startLonelyCoordinator,
  type RunningCoordinator,
} from "./deploy-metrics.ts";
import { repository } from "./deploy-nats-server.ts";
import { has } from "./deploy-tool.ts";

const grafana = join(repository, "deploy/grafana");
const committed = await readFile(join(grafana, "dashboards", `${UID}.json`), "utf8");

const panelSchema = z.object({
  id: z.number(),
  type: z.string(),
  title: z.string().min(1),
  description: z.string().optional(),
  datasource: z.object({ uid: z.string() }).optional(),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  targets: z.array(z.object({ expr: z.string(), datasource: z.object({ uid: z.string() }) })).default([]),
  fieldConfig: z.object({ defaults: z.object({ unit: z.string().optional() }) }).optional(),
});
const dashboard = z
  .object({
    uid: z.string(),
    editable: z.boolean(),
    schemaVersion: z.number(),
    panels: z.array(panelSchema),
    templating: z.object({ list: z.array(z.object({ name: z.string(), query: z.string() })) }),
  })
  .parse(JSON.parse(committed));
const panels = dashboard.panels.filter((panel) => panel.type !== "row");
const expressions = panels.flatMap((panel) =>
  panel.targets.map((target) => [panel.title, target.expr] as const),
);

/** Grafana's variables with values of a real query. */
const filled = (expr: string) =>
  expr.replaceAll(/\$__rate_interval|\$__range/g, "1m").replaceAll(/"\$(job|instance)"/g, '".+"');

interface Selector {
  readonly metric: string;
  readonly labels: string[];
}

/** Selectors and grouping labels of an expression. @throws when it is not PromQL. */
function read(expr: string): { selectors: Selector[]; grouping: string[] } {
  const selectors: Selector[] = [];
  const grouping: string[] = [];
  parser.parse(filled(expr)).iterate({
    enter(ref) {
      const { node, type } = ref;
      const text = (n: { from: number; to: number }) => filled(expr).slice(n.from, n.to);
      if (type.isError) throw new Error(`not PromQL at ${node.from}: ${expr}`);
      if (type.name === "VectorSelector") {
        const name = node.getChild("Identifier");
        selectors.push({ metric: name === null ? "" : text(name), labels: [] });
      }
      if (type.name === "LabelName") {
        if (node.parent?.type.name === "GroupingLabels") grouping.push(text(node));
        else selectors.at(-1)?.labels.push(text(node));
      }
    },
  });
  return { selectors, grouping };
}

const ruleFile = z.object({
  groups: z.array(
    z.object({ rules: z.array(z.object({ record: z.string().optional(), expr: z.string() })) }),
  ),
});
const rules = (
  await Promise.all(
    (await readdir(join(repository, "deploy/prometheus/rules"))).map(
      async (name) =>
        ruleFile.parse(parse(await readFile(join(repository, "deploy/prometheus/rules", name), "utf8")))
          .groups,
    ),
  )
)
  .flat()
  .flatMap((group) => group.rules);
const recorded = new Set(rules.flatMap((rule) => rule.record ?? []));

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });

let coordinator: RunningCoordinator;
let pages: string[] = [];
beforeAll(async () => {
  coordinator = await startLonelyCoordinator(await freePort());
  pages = [await coordinator.page(), await nodeMetricsPage()];
});
afterAll(() => coordinator[Symbol.asyncDispose]());

describe("the dashboard", () => {
  it("is what its generator makes", () => {
    expect(committed).toBe(`${JSON.stringify(overview(), null, 2)}\n`);
  });

  it("is classic JSON with a fixed uid that people cannot save over", () => {
    expect(dashboard).toMatchObject({ uid: "redline-overview", editable: false, schemaVersion: 42 });
    expect(dashboard.templating.list.map((v) => v.name)).toEqual(["datasource", "job", "instance"]);
  });

  it("gives each panel an id of its own, a place of its own, a unit and a sentence", () => {
    const ids = dashboard.panels.map((panel) => panel.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { title, description, fieldConfig, targets, datasource } of panels) {
      expect(description, title).toMatch(/\.$/);
      expect(fieldConfig?.defaults.unit, title).toBeDefined();
      expect(targets.length, title).toBeGreaterThan(0);
      expect(datasource?.uid, title).toBe("${datasource}");
      for (const target of targets) expect(target.datasource.uid, title).toBe("${datasource}");
    }
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos } of dashboard.panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });

  it.each(expressions)("asks for metrics and labels that are there: %s: %s", (_, expr) => {
    const series = seriesOf(...pages);
    const { selectors, grouping } = read(expr);
    expect(selectors).not.toEqual([]);
    for (const { metric, labels } of selectors) {
      if (recorded.has(metric)) continue;
      const known = [...(series.get(metric) ?? [])];
      expect([...series.keys()]).toContain(metric);
      for (const label of labels) expect([...known, "job", "instance"], metric).toContain(label);
      expect(labels, metric).toEqual(expect.arrayContaining(["job", "instance"]));
      for (const label of grouping) expect([...known, "instance"], metric).toContain(label);
      if (metric.endsWith("_total")) expect(expr).toMatch(/\b(rate|increase|max_over_time)\(/);
    }
    // Prometheus 3 writes le="1.0" where 2 wrote le="1".
    expect(expr).not.toMatch(/\ble=~?"/);
  });
});

it.each(rules.map((rule) => [rule.expr]))("rules ask for metrics and labels that are there: %s", (expr) => {
  const series = seriesOf(...pages);
  for (const { metric, labels } of read(expr).selectors) {
    if (metric === "up" || recorded.has(metric)) continue;
    expect([...series.keys()]).toContain(metric);
    for (const label of labels) expect([...(series.get(metric) ?? []), "job", "instance"]).toContain(label);
  }
});

it("would notice a misspelt metric and broken PromQL", () => {
  expect(seriesOf(...pages).has("redline_trails")).toBe(false);
  expect(() => read("sum(rate(x[5m])")).toThrow("not PromQL");
});

describe("provisioning", () => {
  const provisioned = async (path: string): Promise<unknown> =>
    parse(await readFile(join(grafana, "provisioning", path), "utf8"));

  it("brings a data source with the scrape interval of Prometheus", async () => {
    const scrape = z
      .object({ global: z.object({ scrape_interval: z.string() }) })
      .parse(parse(await readFile(join(repository, "deploy/prometheus/prometheus.yml"), "utf8")));
    expect(await provisioned("datasources/redline.yaml")).toMatchObject({
      apiVersion: 1,
      datasources: [
        {
          uid: "redline-prometheus",
          editable: false,
          jsonData: { timeInterval: scrape.global.scrape_interval },
        },
      ],
    });
  });

  it("reads dashboards from where compose.yaml puts them", async () => {
    const provider = z
      .object({
        providers: z.array(
          z.object({ allowUiUpdates: z.literal(false), options: z.object({ path: z.string() }) }),
        ),
      })
      .parse(await provisioned("dashboards/redline.yaml")).providers[0];
    const compose = await readFile(join(repository, "deploy/compose/compose.yaml"), "utf8");
    expect(compose).toContain(`../grafana/dashboards:${provider?.options.path ?? "?"}:ro`);
  });
});

describe.skipIf(!has("prometheus"))("a real Prometheus (skipped where there is none)", () => {
  it("answers every panel from the daemons' real pages", async () => {
    const dir = await mkdtemp(join(tmpdir(), "redline-prometheus-"));
    const nodePage = pages[1] ?? "";
    const type = "text/plain; version=0.0.4; charset=utf-8";
    const route: Route = {
      method: "GET",
      path: /^\/metrics$/,
      handle: () => ({ status: 200, body: nodePage, type }),
    };
    await using node = await startHttp(
      { host: "127.0.0.1", port: 0 },
      [route],
      createLogger("test", "fatal"),
    );
    const port = await freePort();
    const job = (name: string, at: number) =>
      `  - { job_name: ${name}, static_configs: [{ targets: ["127.0.0.1:${at}"] }] }`;
    await writeFile(
      join(dir, "prometheus.yml"),
      [
        "global: { scrape_interval: 1s, evaluation_interval: 1s }",
        `rule_files: [${join(repository, "deploy/prometheus/rules/*.yml")}]`,
        "scrape_configs:",
        job("redline-coordinator", coordinator.port),
        job("redline-node", node.port),
      ].join("\n"),
    );
    const server = spawn(
      "prometheus",
      [
        `--config.file=${join(dir, "prometheus.yml")}`,
        `--storage.tsdb.path=${join(dir, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: "ignore" },
    );
    const ended = once(server, "exit");
    try {
      const ask = async (expr: string) => {
        const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(filled(expr))}`;
        const reply = await fetch(url).catch(() => null);
        return z
          .object({
            status: z.string(),
            error: z.string().optional(),
            data: z.object({ result: z.array(z.unknown()) }).optional(),
          })
          .parse(reply === null ? { status: "down" } : await reply.json());
      };
      const scraped = async () =>
        (await ask('count_over_time(up{job=~"redline-.+"}[1m]) > 3')).data?.result.length === 2;
      for (let tries = 0; !(await scraped()); tries++) {
        if (tries > 900) throw new Error("Prometheus did not scrape both daemons");
        await delay(200);
      }
      expect((await ask("min(up)")).data?.result).toMatchObject([{ value: [expect.any(Number), "1"] }]);
      for (const [title, expr] of expressions) {
        const { status, error, data } = await ask(expr);
        expect({ title, status, error }).toEqual({ title, status: "success", error: undefined });
        // Nothing happened in this lab: a ratio and what is filtered by > 0 are empty.
        const mayBeEmpty = expr.endsWith("> 0") || recorded.has(expr);
        if (!mayBeEmpty) expect(data?.result.length, `${title}: ${expr}`).toBeGreaterThan(0);
      }
    } finally {
      server.kill("SIGKILL");
      await ended;
      await rm(dir, { recursive: true });
    }
  });
});
