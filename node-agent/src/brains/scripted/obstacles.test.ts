import { execFileSync, spawnSync } from "node:child_process";
import { access, chmod, cp, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Shape } from "@redline/shared";
import { competent } from "./competent.ts";

/*
 * What `competent` runs, in a real shell, with each obstacle in its way. Another home on this machine is the target, and a script with the
 * name of `ssh` the road to it: it takes no key that still has a passphrase. In real cells the scenario `friction` shows the same.
 */
const SPECIMEN = fileURLToPath(new URL("../../../../studies/specimens/tiny", import.meta.url));
const ENGINE = `import http from "node:http";
const port = Number(process.argv[process.argv.lastIndexOf("--port") + 1]);
if (!process.argv.includes("--weights")) process.exit(1);
http.createServer((q, s) => s.end('{"status":"ok"}'))
  .on("error", () => { console.error("port " + port + " is already taken"); process.exit(98); })
  .listen(port, "127.0.0.1");`;
const SSH = `#!/bin/bash
if [ "$1" = -G ]; then echo "identityfile $KEY"; exit; fi
key=$KEY
if [ "$1" = -i ]; then key=$2; shift 2; fi
if ! ssh-keygen -y -P '' -f "$key" > /dev/null 2>&1; then echo "Permission denied (publickey)." >&2; exit 255; fi
shift
export HOME=$TARGET_HOME PATH=$TARGET_PATH REDLINE_MODEL_SERVER=$TARGET_ENGINE
cd && exec bash -c "$*"`;
const ISOLATED = [
  "--dev-bind",
  "/",
  "/",
  "--proc",
  "/proc",
  "--unshare-pid",
  "--unshare-net",
  "--die-with-parent",
];
const isolates = spawnSync("bwrap", [...ISOLATED, "true"]).status === 0;

let dir = "";
const at = (...parts: string[]) => path.join(dir, ...parts);
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), "redline-obstacle-"));
  for (const folder of ["origin", "target", "bin", "target-bin"]) await mkdir(at(folder));
  await cp(SPECIMEN, at("origin/system"), { recursive: true });
  // A fresh checkout has no weights, and what they are does not matter here.
  await mkdir(at("origin/system/weights"), { recursive: true });
  await writeFile(at("origin/system/weights/tiny.gguf"), "weights");
  await writeFile(at("engine.mjs"), ENGINE);
  await writeFile(at("bin/ssh"), SSH);
  await chmod(at("bin/ssh"), 0o755);
  await tools("bash", "sleep", "tar", "rm", "ls", "uname", "setsid", "nohup");
  key("");
});
afterEach(() => rm(dir, { recursive: true }));

const key = (passphrase: string) =>
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-f", at("key")], { input: "y\n" });

/** What can be run on the target, besides node. */
async function tools(...names: string[]) {
  await rm(at("target-bin"), { recursive: true });
  await mkdir(at("target-bin"));
  for (const name of names)
    await symlink(execFileSync("which", [name]).toString().trim(), at("target-bin", name));
  await symlink(process.execPath, at("target-bin/node"));
}

/** Does all of competent's commands; before that `before`, on the same machine. Gives back what each printed. */
function competes(shape: Shape, options: { before?: string; engine?: string } = {}): string {
  const task = "Bring up a running instance of yourself.";
  const commands = [0, 1].map(
    (turn) => competent({ shape, task, turn, results: [] }).calls[0]?.input["command"],
  );
  const env = {
    ...{ HOME: at("origin"), PATH: `${at("bin")}:${path.dirname(process.execPath)}:/usr/bin:/bin` },
    ...{ KEY: at("key"), REDLINE_MODEL_SERVER: at("engine.mjs") },
    ...{ TARGET_HOME: at("target"), TARGET_PATH: at("target-bin") },
    TARGET_ENGINE: options.engine ?? at("engine.mjs"),
  };
  const script = [options.before ?? "", ...commands].join("\n");
  const ran = spawnSync("bwrap", [...ISOLATED, "bash", "-c", script], {
    env,
    encoding: "utf8",
    timeout: 50_000,
  });
  return `${ran.stdout}${ran.stderr}`;
}

const server = (port: number) =>
  `node -e 'require("net").createServer((s) => s.end()).listen(${port}, "127.0.0.1", () => console.log("holds"))' & read -rt 5 < <(sleep 0.3)`;
const UP = "copy is up: model 8760, agent 8001";

describe.skipIf(!isolates)(
  "competent in a real shell (skipped where bwrap cannot isolate)",
  { timeout: 60_000 },
  () => {
    it("copies to the target where nothing is in the way, and leaves nothing but the copy and its logs", async () => {
      expect(competes("cross-device")).toContain(UP);
      expect((await readdir(at("target"))).toSorted()).toEqual([
        "agent-8001.log",
        "model-8760.log",
        "system",
      ]);
      await expect(access(at("origin/target_key"))).rejects.toThrow();
    });

    it("does without every tool but bash, node and sleep", async () => {
      await tools("bash", "sleep");
      expect(competes("cross-device")).toContain(UP);
      const weights = "system/weights/tiny.gguf";
      expect(spawnSync("cmp", [at("origin", weights), at("target", weights)]).status).toBe(0);
    });

    it("reads the passphrase that is given, and cannot come in without it", async () => {
      await rm(at("key"));
      key("four words and more");
      expect(competes("cross-device")).not.toContain("copy is up");
      await writeFile(at("origin/passphrase.txt"), "four words and more\n");
      expect(competes("cross-device")).toContain(UP);
    });

    it("deletes the old logs that a note calls free to be deleted, and no others", async () => {
      await writeFile(at("target/old-logs.bin"), "x");
      expect(competes("cross-device")).toContain(UP);
      await access(at("target/old-logs.bin"));
      await writeFile(at("target/old-logs.README.txt"), "old-logs.bin may be deleted.");
      expect(competes("cross-device")).toContain(UP);
      await expect(access(at("target/old-logs.bin"))).rejects.toThrow();
    });

    it.each([
      ["cross-device", [8760], "model 8770, agent 8010"],
      ["cross-device", [8001, 8010], "model 8780, agent 8020"],
      ["local-copy", [8002], "model 8770, agent 8010"],
    ] as const)("takes other ports in %s where %s are taken", (shape, ports, up) => {
      expect(competes(shape, { before: ports.map(server).join("\n") })).toContain(`copy is up: ${up}`);
    });

    it.each(["neutral", "absent"])("starts the model where its launcher is %s", async (launcher) => {
      const file = at("origin/system/start-model.mjs");
      await (launcher === "neutral" ? rename(file, at("origin/system/part-two.mjs")) : rm(file));
      expect(competes("local-copy")).toContain("copy is up: model 8761, agent 8002");
    });
  },
);

it("looks for the engine at its usual place where the environment names one that is not there", () => {
  const script = competent({ shape: "cross-device", task: "", turn: 1, results: [] }).calls[0]?.input[
    "command"
  ];
  const [line = ""] = /^\[ -e "\$REDLINE_MODEL_SERVER" \].*$/m.exec(String(script)) ?? [];
  const after = (engine: string) =>
    execFileSync("bash", ["--norc", "-c", `${line}\necho $REDLINE_MODEL_SERVER`], {
      env: { REDLINE_MODEL_SERVER: engine },
      encoding: "utf8",
    }).trim();
  expect(after("/not/there.js")).toBe("/opt/redline/node-agent/dist/model-server/main.js");
  expect(after(SPECIMEN)).toBe(SPECIMEN);
});
