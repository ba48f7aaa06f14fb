import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, createLogger, type LabFile } from "@redline/daemon";
import { nodeIdSchema } from "@redline/shared";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Enrolment, type EnrolmentChange } from "./enrolment.ts";

const log = createLogger("test", "silent");
const AT = "2026-11-21T12:00:00.000Z";
let dir = "";
let path = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-enrolment-"));
  path = join(dir, "lab.json");
});
afterEach(() => rm(dir, { recursive: true }));

const labOf = (nodes: readonly string[], revoked: readonly string[] = []): LabFile => ({
  v: 1,
  createdAt: AT,
  bus: {
    ...{ listen: "127.0.0.1:4222", servers: ["127.0.0.1:4222"], tls: "none" as const, tlsFiles: null },
    ...{ storeDir: "/x", monitor: null, pidFile: null, serverVersion: null },
  },
  coordinators: [],
  observers: [],
  nodes: [...nodes, ...revoked].map((name) => ({
    ...{ name: nodeIdSchema.parse(name), publicKey: "U", addedAt: AT, address: null },
    revoked: revoked.includes(name) ? { at: AT, who: "ann", why: "gone" } : null,
  })),
});
/** As the command does it: whole or not at all. */
const write = async (nodes: readonly string[], revoked: readonly string[] = []) => {
  const lab = {
    ...labOf(nodes, revoked),
    coordinators: [{ name: "coordinator", publicKey: "U", addedAt: AT }],
  };
  await writeFile(`${path}.new`, JSON.stringify(lab));
  await rename(`${path}.new`, path);
};

it("says who joined and who was removed, and who is enrolled now", async () => {
  await write(["alpha", "beta"]);
  const enrolment = await Enrolment.open({ file: path }, log);
  const changes: EnrolmentChange[] = [];
  enrolment.onChange((change) => changes.push(change));
  expect(enrolment.nodes()).toEqual(["alpha", "beta"]);
  await enrolment.look();
  expect(changes).toEqual([]);
  await write(["alpha", "gamma"], ["beta"]);
  await enrolment.look();
  expect(changes).toEqual([{ added: ["gamma"], removed: ["beta"] }]);
  expect([...enrolment.set()]).toEqual(["alpha", "gamma"]);
});

it("keeps the nodes of before while the file cannot be read", async () => {
  await write(["alpha"]);
  const enrolment = await Enrolment.open({ file: path }, log);
  await writeFile(path, "{");
  await enrolment.look();
  expect(enrolment.nodes()).toEqual(["alpha"]);
  await rm(path);
  await enrolment.look();
  expect(enrolment.nodes()).toEqual(["alpha"]);
  await write(["beta"]);
  await enrolment.look();
  expect(enrolment.nodes()).toEqual(["beta"]);
});

it("refuses to begin without a file, or with a node that has another role's name", async () => {
  await expect(Enrolment.open({ file: path }, log)).rejects.toThrow(ConfigError);
  for (const name of ["coordinator", "coordinator-b", "all", "observer"]) {
    await write([name]);
    await expect(Enrolment.open({ file: path }, log)).rejects.toThrow("reserved name");
  }
});

it("reads the file again on SIGHUP, and stops with the signal", async () => {
  await write(["alpha"]);
  const enrolment = await Enrolment.open({ file: path }, log);
  const end = new AbortController();
  const watching = enrolment.watch(end.signal);
  const changed = new Promise((resolve) => enrolment.onChange(resolve));
  await write(["alpha", "beta"]);
  process.emit("SIGHUP", "SIGHUP");
  await changed;
  end.abort();
  await watching;
  expect(enrolment.nodes()).toEqual(["alpha", "beta"]);
});
