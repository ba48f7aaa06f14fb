import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import { loadSettings, runCoordinator } from "@redline/coordinator";
import { createLogger } from "@redline/daemon";
import { repository } from "./deploy-nats-server.ts";

interface NodeMetricsModule {
  createNodeMetrics(version: string): { render(): Promise<string>; contentType: string };
}

/** The node daemon's page as its own module makes it. By path: the package exports no such thing. */
export async function nodeMetricsPage(): Promise<string> {
  const url = pathToFileURL(join(repository, "node-agent/src/metrics.ts")).href;
  const module = (await import(url)) as NodeMetricsModule;
  return module.createNodeMetrics("0").render();
}

export interface RunningCoordinator extends AsyncDisposable {
  readonly port: number;
  page(): Promise<string>;
}

/** A real coordinator that never finds its bus: its HTTP is open all the same. */
export async function startLonelyCoordinator(port: number): Promise<RunningCoordinator> {
  const dir = await mkdtemp(join(tmpdir(), "redline-lonely-"));
  const end = new AbortController();
  const tokens = join(dir, "http-tokens");
  await writeFile(tokens, "");
  const settings = loadSettings({
    REDLINE_HTTP_TOKENS_FILE: tokens,
    REDLINE_STATE_DIR: dir,
    REDLINE_NATS_URLS: "nats://127.0.0.1:1",
    REDLINE_HTTP_LISTEN: `127.0.0.1:${port}`,
    REDLINE_NODES: "alpha,beta",
    REDLINE_LOG_LEVEL: "error",
  });
  const running = runCoordinator(settings, createLogger("test", "fatal"), end.signal);
  const page = () => read(port);
  for (let tries = 0; (await page()) === ""; tries++) {
    if (tries > 5000) throw new Error("the coordinator did not answer");
    await delay(20);
  }
  return {
    port,
    page,
    async [Symbol.asyncDispose]() {
      end.abort();
      await running;
      await rm(dir, { recursive: true });
    },
  };
}

function read(port: number): Promise<string> {
  return new Promise((resolve) => {
    const call = request({ host: "127.0.0.1", port, path: "/metrics", timeout: 2000 }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (body += chunk));
      response.on("end", () => resolve(response.statusCode === 200 ? body : ""));
    });
    call.on("error", () => resolve(""));
    call.end();
  });
}

/** Label names by series name, as Prometheus will know them. */
export function seriesOf(...pages: string[]): Map<string, Set<string>> {
  const series = new Map<string, Set<string>>();
  for (const line of pages.join("\n").split("\n")) {
    const [, name, labels = ""] = /^([a-z_][\w:]*)(?:\{(.*)\})? /i.exec(line) ?? [];
    if (name === undefined) continue;
    const known = series.get(name) ?? new Set();
    for (const [, label = ""] of labels.matchAll(/(\w+)="/g)) known.add(label);
    series.set(name, known);
  }
  return series;
}
