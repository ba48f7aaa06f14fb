import { spawnSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { repository } from "./deploy-nats-server.ts";
import { has } from "./deploy-tool.ts";

const folder = join(repository, "deploy/prometheus");
const promtool = (...args: string[]) => spawnSync("promtool", args, { encoding: "utf8", cwd: folder });
const filesIn = async (name: string) => (await readdir(join(folder, name))).map((file) => `${name}/${file}`);

const ruleFile = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string().optional(),
          expr: z.string(),
          labels: z.record(z.string(), z.string()).optional(),
          annotations: z.object({ runbook: z.string() }).optional(),
        }),
      ),
    }),
  ),
});
const rules = (
  await Promise.all(
    (await filesIn("rules")).map(async (name) =>
      ruleFile
        .parse(parse(await readFile(join(folder, name), "utf8")))
        .groups.flatMap((group) => group.rules),
    ),
  )
).flat();
const alerts = rules.filter((rule) => rule.alert !== undefined);

describe.skipIf(!has("promtool"))("promtool (skipped where it is missing)", () => {
  it("accepts the configuration and, with every lint on, the rules", async () => {
    expect(promtool("check", "config", "prometheus.yml")).toMatchObject({ status: 0, stderr: "" });
    const checked = promtool("check", "rules", "--lint=all", "--lint-fatal", ...(await filesIn("rules")));
    expect(checked.status, checked.stderr).toBe(0);
  });
  it("finds that every alert fires and stays quiet when it should", async () => {
    const tested = promtool("test", "rules", ...(await filesIn("tests")));
    expect(tested.status, `${tested.stdout}${tested.stderr}`).toBe(0);
  });
});

it("tests every alert in both directions", async () => {
  const tests = (
    await Promise.all((await filesIn("tests")).map((f) => readFile(join(folder, f), "utf8")))
  ).join("\n");
  const cases = z.object({
    tests: z.array(
      z.object({
        alert_rule_test: z
          .array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()) }))
          .default([]),
      }),
    ),
  });
  const all = (
    await Promise.all(
      (await filesIn("tests")).map(
        async (f) => cases.parse(parse(await readFile(join(folder, f), "utf8"))).tests,
      ),
    )
  )
    .flat()
    .flatMap((test) => test.alert_rule_test);
  expect(tests).not.toBe("");
  for (const { alert } of alerts) {
    const its = all.filter((one) => one.alertname === alert);
    expect(
      its.some((one) => one.exp_alerts.length > 0),
      `${alert ?? ""} fires`,
    ).toBe(true);
    expect(
      its.some((one) => one.exp_alerts.length === 0),
      `${alert ?? ""} is quiet`,
    ).toBe(true);
  }
});

it("sends each alert to a page that says what to do", async () => {
  const page = await readFile(join(repository, "docs/operations.md"), "utf8");
  const anchors = [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
  for (const { alert, annotations, labels } of alerts) {
    const [path, anchor = ""] = (annotations?.runbook ?? "").split("#");
    expect(path).toBe("docs/operations.md");
    expect(anchors, alert).toContain(anchor);
    expect(["page", "ticket"]).toContain(labels?.["severity"]);
  }
});
