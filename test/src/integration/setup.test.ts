import { execFile } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

// Each test runs scripts/setup.mjs as a process in a small clone of its own, with a PATH of stubs:
// programs that print a version, as setup asks of the true ones. REDLINE_SETUP_NO_FETCH keeps it from
// the network and from this machine's packages.

const scripts = fileURLToPath(new URL("../../../scripts", import.meta.url));
const sudo = process.getuid?.() === 0 ? "" : "sudo ";

const versions: Record<string, string> = {
  bwrap: "bubblewrap 0.8.0",
  nft: "nftables v1.0.6 (Lester Gooch #5)",
  ip: "ip utility, iproute2-6.1.0, libbpf 1.1.0",
  ss: "ss utility, iproute2-6.1.0",
  sshd: "OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.19",
  ssh: "OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.19",
  "ssh-keygen": "usage: ssh-keygen [-q]",
  unshare: "unshare from util-linux 2.38.1",
  nsenter: "nsenter from util-linux 2.38.1",
  setpriv: "setpriv from util-linux 2.38.1",
  mount: "mount from util-linux 2.38.1 (libmount 2.38.1: selinux)",
  bash: "GNU bash, version 5.2.15(1)-release",
  tar: "tar (GNU tar) 1.34",
  "apt-get": "apt 2.6.1",
  "nats-server": "nats-server: v2.11.0",
};

let clone: string;
let bin: string;

async function program(path: string, body: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

const nats = (path: string, version: string) => program(path, `echo "nats-server: v${version}"`);

/** What npm leaves behind, and a line in npm-calls for each call. */
const npmBody = (body: string) =>
  `echo "$@" >> npm-calls; ${body}; mkdir -p node_modules; cp package-lock.json node_modules/.package-lock.json`;

function setup(env: Record<string, string> = {}, onOutput: (text: string) => void = () => undefined) {
  return new Promise<{ code: number; output: string }>((resolve) => {
    const options = {
      cwd: clone,
      timeout: 120_000,
      env: { PATH: `${bin}:/bin`, HOME: clone, REDLINE_SETUP_NO_FETCH: "1", ...env },
    };
    // Stubs need cp and mkdir, which /bin has; where /bin holds the programs too, the stubs come first.
    const child = execFile(process.execPath, ["scripts/setup.mjs"], options, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr });
    });
    child.stdout?.on("data", (chunk) => onOutput(String(chunk)));
  });
}

const lines = async (name: string) => (await readFile(join(clone, name), "utf8")).trim().split("\n");
const manifest = async (): Promise<unknown> =>
  JSON.parse(await readFile(join(clone, ".cache/tools/manifest.json"), "utf8"));

beforeEach(async () => {
  clone = await mkdtemp(join(tmpdir(), "redline-setup-"));
  bin = join(clone, "stubs");
  await cp(scripts, join(clone, "scripts"), { recursive: true });
  const wanted = { packages: { "": {}, "node_modules/a": { version: "1.0.0", integrity: "sha512-a" } } };
  await writeFile(join(clone, "package-lock.json"), JSON.stringify(wanted));
  for (const [name, line] of Object.entries(versions)) await program(join(bin, name), `echo "${line}"`);
  await program(join(bin, "npm"), npmBody("true"));
});

afterEach(() => rm(clone, { recursive: true, force: true }));

describe("system programs", () => {
  it("are found, written to the manifest, and left alone by the next run", async () => {
    const first = await setup();
    expect(first).toMatchObject({ code: 0 });
    expect(first.output).toContain("setup: found bwrap 0.8.0, nft 1.0.6, ip 6.1.0");
    expect(await manifest()).toMatchObject({
      v: 1,
      bins: {
        "nats-server": { path: join(bin, "nats-server"), version: "2.11.0", how: "found" },
        sshd: { path: join(bin, "sshd"), version: "9.2p1", how: "found" },
        "ssh-keygen": { version: "9.2p1" },
        mount: { version: "2.38.1" },
      },
      libDirs: [],
    });
    const written = await stat(join(clone, ".cache/tools/manifest.json"));
    expect(await setup()).toMatchObject({ code: 0 });
    expect((await stat(join(clone, ".cache/tools/manifest.json"))).mtimeMs).toBe(written.mtimeMs);
    expect(await lines("npm-calls")).toHaveLength(1);
  });

  it("that do not run count as missing, and the command to type is printed", async () => {
    await program(join(bin, "bwrap"), "echo 'error while loading shared libraries'; exit 127");
    const { code, output } = await setup();
    expect(code).toBe(1);
    expect(output).toContain("setup: missing: bwrap\n");
    expect(output).toContain(
      `\n    ${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends bubblewrap\n`,
    );
  });

  it("are taken from .cache/tools where the machine has none", async () => {
    await program(join(bin, "bwrap"), "exit 127");
    const unpacked = await program(join(clone, ".cache/tools/bin/bwrap"), "echo bubblewrap 0.9.0");
    await program(join(clone, ".cache/tools/system/usr/lib/x86_64-linux-gnu/libcap.so.2"), "");
    expect(await setup()).toMatchObject({ code: 0 });
    expect(await manifest()).toMatchObject({
      bins: { bwrap: { path: unpacked, version: "0.9.0", how: "unpacked" } },
      libDirs: [join(clone, ".cache/tools/system/usr/lib/x86_64-linux-gnu")],
    });
  });

  it("only warns when the kernel refuses user namespaces", async () => {
    await program(join(bin, "unshare"), '[ "$1" = --version ] && echo "util-linux 2.38.1" || exit 1');
    const { code, output } = await setup();
    expect(code).toBe(0);
    expect(output).toContain("setup: warning: this kernel refuses user namespaces");
  });
});

describe("nats-server", () => {
  it("is the one that NATS_SERVER_BIN names, when it is new enough", async () => {
    const named = await nats(join(clone, "mine/nats"), "2.10.27");
    const { output } = await setup({ NATS_SERVER_BIN: named });
    expect(output).toContain(`nats-server 2.10.27 named by NATS_SERVER_BIN at ${named}`);
  });

  it("is looked for elsewhere when the named one is too old", async () => {
    const named = await nats(join(clone, "mine/nats"), "2.10.3");
    expect((await setup({ NATS_SERVER_BIN: named })).output).toContain("nats-server 2.11.0 found at");
  });

  it("is refused when the named one does not run", async () => {
    const { code, output } = await setup({ NATS_SERVER_BIN: join(clone, "nowhere") });
    expect(code).toBe(2);
    expect(output).toContain("NATS_SERVER_BIN names");
  });

  it("is the unpacked one when that on PATH is too old", async () => {
    await nats(join(bin, "nats-server"), "2.9.10");
    const unpacked = await nats(join(clone, ".cache/tools/nats-server/usr/sbin/nats-server"), "2.15.1");
    await writeFile(join(clone, ".cache/tools/nats-server/origin"), "Debian sid");
    expect((await setup()).output).toContain("nats-server 2.15.1 from Debian sid, unpacked in .cache/tools");
    expect(await manifest()).toMatchObject({ bins: { "nats-server": { path: unpacked } } });
  });

  it("is the old one with a warning when there is no other", async () => {
    await nats(join(bin, "nats-server"), "2.9.10");
    const { code, output } = await setup();
    expect(code).toBe(0);
    expect(output).toContain("warning: nats-server 2.9.10 has CVE-2025-30215");
  });
});

describe("node_modules", () => {
  it("are installed once by setups that start together", async () => {
    await program(join(bin, "npm"), npmBody("sleep 1"));
    const results = await Promise.all([setup(), setup(), setup()]);
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(await lines("npm-calls")).toHaveLength(1);
    expect(results.filter(({ output }) => output.includes("another setup is at work"))).toHaveLength(2);
  });

  it("are installed again when the lock file changes", async () => {
    await setup();
    const changed = { packages: { "node_modules/a": { version: "1.0.1", integrity: "sha512-b" } } };
    await writeFile(join(clone, "package-lock.json"), JSON.stringify(changed));
    await setup();
    expect(await lines("npm-calls")).toHaveLength(2);
  });

  it("that npm was asked for by hand are taken as they are", async () => {
    await mkdir(join(clone, "node_modules"));
    await cp(join(clone, "package-lock.json"), join(clone, "node_modules/.package-lock.json"));
    expect(await setup()).toMatchObject({ code: 0 });
    await expect(lines("npm-calls")).rejects.toThrow("ENOENT");
  });

  it("show npm's output when npm fails", async () => {
    await program(join(bin, "npm"), "echo 'npm error code ENOTFOUND'; exit 1");
    const { code, output } = await setup();
    expect(code).toBe(1);
    expect(output).toContain("npm error code ENOTFOUND");
    expect(output).toContain("setup: npm ci failed");
  });

  it("cannot be had in a folder that cannot be written to", async () => {
    await writeFile(join(clone, ".cache"), "");
    const { code, output } = await setup();
    expect(code).toBe(2);
    expect(output).toContain("setup: cannot write to");
  });
});

describe("the setup lock", () => {
  const lock = () => join(clone, ".cache/tools/setup.lock");

  it("of a process that is gone is broken", async () => {
    const dead = { pid: 2 ** 22 + 1, startTime: "1", takenAtMs: Date.now() - 1000 };
    await hold(dead);
    expect(await setup()).toMatchObject({ code: 0 });
    await expect(stat(lock())).rejects.toThrow("ENOENT");
  });

  it("of a pid that another process has by now is broken", async () => {
    await hold({ pid: process.pid, startTime: "1", takenAtMs: Date.now() - 1000 });
    expect(await setup()).toMatchObject({ code: 0 });
  });

  it("of a live process is waited for", async () => {
    const text = await readFile("/proc/self/stat", "utf8");
    const startTime = text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
    await hold({ pid: process.pid, startTime, takenAtMs: Date.now() });
    let npmRan: boolean | undefined;
    const { code } = await setup({}, (text) => {
      if (!text.includes("another setup is at work")) return;
      npmRan = existsSync(join(clone, "npm-calls"));
      rmSync(lock());
    });
    expect(npmRan).toBe(false);
    expect(code).toBe(0);
  });

  async function hold(owner: object): Promise<void> {
    await mkdir(dirname(lock()), { recursive: true });
    await writeFile(lock(), JSON.stringify({ ...owner, pidNamespace: await readlink("/proc/self/ns/pid") }));
  }
});
