import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { repository } from "./deploy-nats-server.ts";

// No container engine runs these tests. The file was checked once against the compose specification's JSON
// schema; here stands what a mistake would cost most.

const folder = join(repository, "deploy/compose");
const service = z.object({
  image: z.string(),
  command: z.array(z.string()).optional(),
  build: z.object({ context: z.string(), dockerfile: z.string() }).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  volumes: z.array(z.string()),
  ports: z.array(z.string()),
  networks: z.array(z.string()),
  secrets: z.array(z.string()).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
  healthcheck: z.object({ test: z.array(z.string()).min(2) }),
  security_opt: z.array(z.string()),
});
const file = z.object({
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.null()),
  volumes: z.record(z.string(), z.null()),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
});
const compose = file.parse(parse(await readFile(join(folder, "compose.yaml"), "utf8")));

describe.each(Object.entries(compose.services))("service %s", (_, its) => {
  it("publishes its ports on loopback only", () => {
    for (const port of its.ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });
  it("runs a pinned image", () => {
    expect(its.image).toMatch(/^[\w./-]+:v?\d+\.\d+\.\d+(-\w+)?$/);
  });
  it("has a health check that gives a failing exit code, and gains no rights", () => {
    expect(its.healthcheck.test[0]).toBe("CMD");
    expect(its.security_opt).toContain("no-new-privileges:true");
  });
  it("uses only networks, volumes and secrets that are declared, and files that are there", async () => {
    for (const network of its.networks) expect(compose.networks).toHaveProperty(network);
    for (const secret of its.secrets ?? []) expect(Object.keys(compose.secrets)).toContain(secret);
    for (const volume of its.volumes) {
      const [source = "", target = "", mode] = volume.split(":");
      expect(target).toMatch(/^\//);
      if (!source.startsWith(".")) expect(compose.volumes).toHaveProperty(source);
      // Written by `redline init`; everything else is in the repository, and read-only.
      else if (!source.startsWith("./lab/")) await stat(resolve(folder, source));
      if (source.startsWith(".")) expect(mode).toBe("ro");
    }
    if (its.build !== undefined) await stat(resolve(folder, its.build.context, its.build.dockerfile));
  });
  it("waits only for services that are there", () => {
    for (const [name, { condition }] of Object.entries(its.depends_on ?? {})) {
      expect(compose.services).toHaveProperty(name);
      expect(condition).toBe("service_healthy");
    }
  });
});

it("keeps dashboards away from the bus", () => {
  for (const name of ["prometheus", "grafana"]) expect(compose.services[name]?.networks).not.toContain("bus");
});

it("gives the coordinator settings that it accepts", async () => {
  const { loadSettings } = await import("@redline/coordinator");
  const { environment } = compose.services["coordinator"] ?? {};
  const settings = loadSettings({ ...environment });
  expect(settings.REDLINE_HTTP_LISTEN?.port).toBe(8770);
  const text = await readFile(join(repository, "coordinator/src/settings.ts"), "utf8");
  for (const name of Object.keys(environment ?? {})) expect(text).toContain(`${name}:`);
});

it("keeps keys and passwords out of the repository", async () => {
  const ignored = (await readFile(join(folder, ".gitignore"), "utf8")).split("\n");
  const mounted = Object.values(compose.services).flatMap(({ volumes }) =>
    volumes.map((v) => v.split(":")[0] ?? ""),
  );
  const lab = mounted.filter((source) => source.startsWith("./lab/")).map((file) => ({ file }));
  expect(lab.length).toBe(2);
  for (const { file: path } of [...Object.values(compose.secrets), ...lab])
    expect(ignored.some((line) => line !== "" && path.slice(1).startsWith(line))).toBe(true);
});

it("builds the image from files that the build context lets in", async () => {
  const dockerfile = await readFile(join(folder, "coordinator.Dockerfile"), "utf8");
  const allowed = (await readFile(join(folder, "coordinator.Dockerfile.dockerignore"), "utf8"))
    .split("\n")
    .flatMap((line) => (line.startsWith("!") ? [line.slice(1)] : []));
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, sources = ""]) =>
    sources.split(" "),
  );
  expect(copied.length).toBeGreaterThan(5);
  for (const source of copied) {
    await stat(join(repository, source));
    const parts = allowed.filter(
      (a) => a === source || a === source.replace(/^[^/]+/, "*") || a.startsWith(`${source}/`),
    );
    expect(parts, source).not.toEqual([]);
  }
});
