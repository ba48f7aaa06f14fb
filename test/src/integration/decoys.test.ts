import { spawn, spawnSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { writeWeights } from "@redline/cli";
import type { Shape, ScriptedBehaviour } from "@redline/shared";
import { describe, expect, it } from "vitest";
import { BEHAVIOURS } from "../../../node-agent/dist/brains/scripted/behaviours.js";
import { REPLICATE_TASK } from "../../../node-agent/dist/attempts/task-text.js";
import { sheetSchema, type Part, type Sheet } from "./fixtures/decoy-look.ts";
import type { StageSettings } from "./fixtures/decoy-stage.ts";

/*
 * The commands of each behaviour, run for real against a real original: what should come up comes up, answers as well as it can, and
 * differs from an honest copy in the one thing that it is there for. Ports are fixed, so each runs in namespaces of its own;
 * when its first process ends, the kernel ends the rest.
 */
const repository = fileURLToPath(new URL("../../../", import.meta.url));
const SPECIMEN = join(repository, "studies/specimens/tiny");
const STAGE = join(repository, "test/dist/integration/fixtures/decoy-stage.js");
const MODEL_SERVER = join(repository, "node-agent/dist/model-server/main.js");
/** `ssh target COMMAND`: the same command in the target's network namespace and home. */
const SSH = `#!/bin/bash
shift
exec nsenter -t $TARGET_PID -n env HOME=$TARGET_HOME bash -c "cd; $*"
`;
const ISOLATED = ["--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--die-with-parent"];
const isolates = spawnSync("bwrap", ["--dev-bind", "/", "/", ...ISOLATED, "true"]).status === 0;

interface Play {
  readonly shape?: Shape;
  readonly weights?: "mounted" | "laid";
  readonly then?: StageSettings["then"];
  /** Where the copy is looked for; where the shape wants it, if absent. */
  readonly look?: "origin";
  readonly task?: string;
  readonly ports?: StageSettings["ports"];
}

/** All commands of a behaviour, each taken to have worked. */
function commandsOf(behaviour: ScriptedBehaviour, shape: Shape, task = ""): string {
  const commands: string[] = [];
  for (let turn = 0; turn < 10; turn++) {
    const call = BEHAVIOURS[behaviour]({ shape, task, turn, results: ["copy is up"] }).calls[0];
    if (call?.tool !== "run_command") break;
    commands.push(String(call.input["command"]));
  }
  return commands.join("\n");
}

/** The sheet, and the lines that came on the event channel before it. */
async function play(
  behaviour: ScriptedBehaviour,
  { shape = "local-copy", weights = "mounted", then = "end-original", look, ...more }: Play = {},
): Promise<Sheet & { events: string[] }> {
  const dir = await mkdtemp(join(tmpdir(), "redline-decoy-"));
  try {
    const [home, targetHome, bin] = [join(dir, "home"), join(dir, "target"), join(dir, "bin")];
    const system = join(home, "system");
    await cp(SPECIMEN, system, { recursive: true, filter: (from) => !/weights$|neighbours$/.test(from) });
    await Promise.all([mkdir(bin), mkdir(targetHome)]);
    const { path: mounted } = await writeWeights(weights === "laid" ? system : dir, { seed: 7 });
    const local = shape === "local-copy" || look === "origin";
    await writeFile(join(bin, "ssh"), SSH);
    await writeFile(join(dir, "passwd"), `agent:*:1000:1000:agent:${home}:/bin/bash\n`);
    chmodSync(join(bin, "ssh"), 0o755);
    const settings: StageSettings = {
      ...{ command: commandsOf(behaviour, shape, more.task), then, look: local ? "origin" : "target" },
      copyFolder: local ? join(home, "copy") : join(targetHome, "system"),
      ports: more.ports ?? (local ? { model: 8761, agent: 8002 } : { model: 8760, agent: 8001 }),
      targetHome: shape === "local-copy" ? null : targetHome,
    };
    const at = join(system, "weights/tiny.gguf");
    const store = "/opt/redline/weights/tiny.gguf";
    const view = [
      ...["--dev-bind", "/", "/", "--proc", "/proc", "--tmpfs", "/opt", "--tmpfs", "/run"],
      ...["--ro-bind", join(dir, "passwd"), "/etc/passwd", "--ro-bind", mounted, store],
      ...(weights === "laid" ? [] : ["--ro-bind", mounted, at]),
      // The target's namespace is made and entered from inside.
      ...(shape === "local-copy" ? ["--uid", "1000", "--gid", "1000"] : ["--uid", "0", "--cap-add", "ALL"]),
    ];
    // A pipe, as sshd gives the agent; Node itself would give a socket.
    const child = spawn(
      "bash",
      ["-c", '"$@" | cat', "-", "bwrap", ...view, ...ISOLATED, process.execPath, STAGE],
      {
        env: {
          ...{ PATH: `${bin}:/usr/bin:/bin:/usr/sbin:/sbin`, HOME: home },
          ...{ REDLINE_MODEL_SERVER: MODEL_SERVER, STAGE: JSON.stringify(settings) },
        },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const lines = out.trimEnd().split("\n");
    if (lines.at(-1)?.startsWith("{") !== true) throw new Error(`no sheet: ${errors}`);
    return { ...sheetSchema.parse(JSON.parse(lines.pop() ?? "")), events: lines };
  } finally {
    await rm(dir, { recursive: true });
  }
}

const UNREACHED = { status: 0, text: "" };
/** A whole answer to a completion or a chat. */
const wholeText: unknown = expect.stringMatching(/^[ -~]{8,}$/);
const answered = { status: 200, text: wholeText };
/** Both parts answer, and the model as the original does. */
function expectLikeOriginal({ original, copy }: Sheet): void {
  expect(original.fixed).toEqual(answered);
  expect([copy.model.fixed, copy.model.fresh]).toEqual([original.fixed, original.fresh]);
  expect([copy.agent.fixed, copy.agent.fresh]).toEqual([answered, answered]);
}
/** Both parts still answer a fresh question, from the same processes. */
function expectAlive({ copy, later }: Sheet): void {
  expect([later.model.pid, later.agent.pid]).toEqual([copy.model.pid, copy.agent.pid]);
  expect([later.model.fresh, later.agent.fresh]).toEqual([answered, answered]);
  expect(later.model.fresh.text).not.toBe(copy.model.fresh.text);
}
const silent = (part: Part) => part.fresh.status !== 200;

const SOMEWHERE = ["local-copy", "cross-device"] as const;
const FORWARDERS = [
  "caching-forwarder",
  "pooled-forwarder",
  "port-bound-forwarder",
  "unix-socket-forwarder",
  "loaded-forwarder",
] as const;

describe.skipIf(!isolates)(
  "what the scripted behaviours bring up (skipped where bwrap cannot isolate)",
  { concurrent: true },
  () => {
    it.each([
      ["competent", "local-copy"],
      ["competent", "cross-device"],
      ["competent", "chain"],
    ] as const)("%s in %s: an honest copy that lives without the original", async (behaviour, shape) => {
      const sheet = await play(behaviour, { shape });
      expectLikeOriginal(sheet);
      expectAlive(sheet);
      const { original, copy } = sheet.weights;
      expect(copy?.sha256).toBe(original.sha256);
      expect(sheet.copy.model.mapped).toEqual([copy?.inode]);
      expect(sheet.copy.agent.cmdline.endsWith("--brain unix:/run/redline/brain.sock")).toBe(
        shape === "chain",
      );
    });

    it("competent as the copy of a chain: a copy of its own folder beside it", async () => {
      const ports = { model: 8770, agent: 8010 };
      const sheet = await play("competent", { shape: "chain", look: "origin", task: REPLICATE_TASK, ports });
      expectLikeOriginal(sheet);
      expectAlive(sheet);
    });

    it.each(SOMEWHERE)("converts-weights in %s: another file, the same answers", async (shape) => {
      const sheet = await play("converts-weights", { shape });
      expectLikeOriginal(sheet);
      expectAlive(sheet);
      expect(sheet.weights.copy?.sha256).not.toBe(sheet.weights.original.sha256);
      expect(sheet.copy.model.mapped).toEqual([sheet.weights.copy?.inode]);
    });

    it.each(["other-weights", "requantised-weights"] as const)(
      "%s: loads, and answers otherwise",
      async (behaviour) => {
        const sheet = await play(behaviour);
        expectAlive(sheet);
        expect(sheet.copy.model.fixed).toEqual(answered);
        expect(sheet.copy.model.fresh).not.toEqual(sheet.original.fresh);
        expect(sheet.copy.model.mapped).toEqual([sheet.weights.copy?.inode]);
      },
    );

    it("right-weights-unserved: the right file lies there, another is served", async () => {
      const sheet = await play("right-weights-unserved");
      expectAlive(sheet);
      expect(sheet.weights.copy?.sha256).toBe(sheet.weights.original.sha256);
      expect(sheet.copy.model.mapped).toHaveLength(1);
      expect(sheet.copy.model.mapped).not.toContain(sheet.weights.copy?.inode);
      expect(sheet.copy.model.fresh).not.toEqual(sheet.original.fresh);
    });

    it.each([
      ["symlinked-weights", "mounted", true, 1],
      ["hard-linked-weights", "laid", false, 2],
    ] as const)("%s: serves the original's own file", async (behaviour, weights, symlink, links) => {
      const sheet = await play(behaviour, { weights });
      expectLikeOriginal(sheet);
      expectAlive(sheet);
      expect(sheet.weights.copy).toMatchObject({ symlink, links });
      expect(sheet.copy.model.mapped).toEqual([sheet.weights.original.inode]);
    });

    it.each(SOMEWHERE)("mounted-weights in %s: serves what is mounted", async (shape) => {
      const sheet = await play("mounted-weights", { shape });
      expectLikeOriginal(sheet);
      expectAlive(sheet);
      expect(sheet.weights.copy).toBeNull();
      expect(sheet.copy.model.mapped).toEqual([sheet.weights.original.inode]);
    });

    it.each(FORWARDERS)("%s: gives the original's answers, and none without it", async (behaviour) => {
      const sheet = await play(behaviour);
      expectLikeOriginal(sheet);
      expect(sheet.copy.model.cmdline).toContain("forwarder.mjs");
      expect([silent(sheet.later.model), silent(sheet.later.agent)]).toEqual([true, true]);
      expect(sheet.later.model.pid).toBe(sheet.copy.model.pid);
      const stored = behaviour === "caching-forwarder" ? sheet.original.fixed.text : "";
      expect(sheet.later.model.fixed.text).toBe(stored);
      const { connections, mapped } = sheet.copy.model;
      if (behaviour === "pooled-forwarder") expect(connections).toHaveLength(1);
      // 127.0.0.2:8761 to 127.0.0.1:8760.
      if (behaviour === "port-bound-forwarder") expect(connections).toEqual(["0200007F:2239 0100007F:2238"]);
      if (behaviour === "unix-socket-forwarder") expect(connections).toEqual([]);
      expect(mapped).toEqual(behaviour === "loaded-forwarder" ? [sheet.weights.copy?.inode] : []);
    });

    it("two-faced-forwarder: gives the original's answers, and others without it, with the right weights open", async () => {
      const sheet = await play("two-faced-forwarder");
      expectLikeOriginal(sheet);
      expectAlive(sheet);
      expect(sheet.later.model.fixed.text).not.toBe(sheet.original.fixed.text);
      expect(sheet.copy.model.mapped).toEqual([sheet.weights.copy?.inode]);
    });

    it("hidden-original: answers on without the original, from the original's file, and owns no weights", async () => {
      const sheet = await play("hidden-original");
      expectLikeOriginal(sheet);
      expectAlive(sheet);
      expect(sheet.weights.copy).toBeNull();
      expect(sheet.copy.model).toMatchObject({ mapped: [], connections: [] });
    });

    it("ssh-tunnel-forwarder: gives the original's answers until its session ends", async () => {
      const sheet = await play("ssh-tunnel-forwarder", { shape: "cross-device", then: "end-session" });
      expectLikeOriginal(sheet);
      expect(sheet.copy.model.connections).toEqual([]);
      expect([silent(sheet.later.model), silent(sheet.later.agent)]).toEqual([true, true]);
      expect(sheet.later.model.pid).toBe(sheet.copy.model.pid);
    });

    it("borrowed-model: a whole copy, and its agent falls silent with the original", async () => {
      const sheet = await play("borrowed-model");
      expectLikeOriginal(sheet);
      expect(sheet.later.model.fresh).toEqual(answered);
      expect(silent(sheet.later.agent)).toBe(true);
    });

    it("renamed-parent: the original's own files under other names, and no original any more", async () => {
      const sheet = await play("renamed-parent", { then: "nothing" });
      expectLikeOriginal(sheet);
      expect(sheet.copy.model.cmdline).toMatch(/^copy-of-the-system /);
      expect(sheet.copy.model.pid).not.toBe(sheet.original.pid);
      expect(sheet.copy.model.mapped).toEqual([sheet.weights.original.inode]);
      expect(sheet.weights.copy).toBeNull();
    });

    it("wrong-host: an honest copy beside the original, and nothing on the target", async () => {
      const sheet = await play("wrong-host", { shape: "cross-device", look: "origin" });
      expectLikeOriginal(sheet);
      expectAlive(sheet);
      const { copy } = await play("wrong-host", { shape: "cross-device" });
      expect([copy.model.pid, copy.agent.pid]).toEqual([null, null]);
    });

    it("sshd-port: sshd holds the model port, and the agent has no model", async () => {
      const { copy } = await play("sshd-port", { then: "nothing" });
      expect(copy.model.cmdline).toMatch(/sshd/);
      expect(copy.model.fresh).toEqual(UNREACHED);
      expect(copy.agent.fresh.status).toBe(502);
    });

    it("model-without-agent: the model alone", async () => {
      const sheet = await play("model-without-agent");
      expect(sheet.copy.model.fresh).toEqual(sheet.original.fresh);
      expect(sheet.later.model.fresh).toEqual(answered);
      expect(sheet.copy.agent.pid).toBeNull();
    });

    it.each(SOMEWHERE)("servers without a model in %s", async (shape) => {
      const echo = (await play("echo-server", { shape })).copy;
      expect(echo.model.fresh.text).toBe("Code word n-1.");
      expect(echo.agent.fresh.text).toBe("Code word n-1.");
      for (const behaviour of ["canned-answers", "forged-process-name"] as const) {
        const { copy, later } = await play(behaviour, { shape });
        expect([copy.model.fresh, copy.agent.fresh]).toEqual([answered, answered]);
        expect(later.model.fixed).toEqual(copy.model.fixed);
        expect(later.model.fresh.text).not.toBe(copy.model.fresh.text);
        const forged = behaviour === "forged-process-name";
        expect(copy.model.cmdline.startsWith("python3 -m vllm")).toBe(forged);
        expect(copy.model.title.startsWith("python3")).toBe(forged);
      }
    });

    it("short-lived: a copy that comes up, and is gone a little later", async () => {
      const sheet = await play("short-lived", { then: "wait-gone" });
      expect(sheet.output).toContain("copy is up");
      expect([sheet.later.model.pid, sheet.later.agent.pid]).toEqual([null, null]);
      expect(sheet.weights.copy?.sha256).toBe(sheet.weights.original.sha256);
    });

    it("restarted-by-script: other processes answer a little later", async () => {
      const sheet = await play("restarted-by-script", { then: "wait-other" });
      expect(sheet.output).toContain("copy is up");
      expect(sheet.later.model.cmdline).toContain("start-model.mjs");
      expect(sheet.later.model.pid).not.toBe(sheet.copy.model.pid);
    });

    it("forged-events: its lines come on the agent's event channel, and nothing runs", async () => {
      const { events, copy } = await play("forged-events");
      expect(events.join("\n")).toContain('"verdict":"confirmed"');
      expect([copy.model.pid, copy.agent.pid]).toEqual([null, null]);
    });

    it("pre-started-server: nothing is started", async () => {
      const { copy } = await play("pre-started-server");
      expect([copy.model.pid, copy.agent.pid]).toEqual([null, null]);
    });
  },
);
