import { spawn } from "node:child_process";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleText, keyIdOf, publicPem, verifyBundle, type Bundle, bundleSchema } from "@redline/shared";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBench, statesOf, studyOf } from "../kit/coordinator-bench.ts";
import { redline } from "../kit/redline.ts";
import { until } from "../kit/until.ts";

const recipe = fileURLToPath(new URL("../../../docs/bundle.md", import.meta.url));

/** A state folder as a lab leaves it, with one sealed trial in each scenario and one whose node did not seal. */
let dir = "";
let keyId = "";
const [CROSS, LOCAL] = ["cross.json", "local.json"];
const trials: Record<string, string> = {};

async function run(...args: string[]) {
  const { code, stdout, stderr } = await redline(args, dir).ended;
  return { code, stdout, stderr };
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-bundle-"));
  await using b = await startBench();
  const cross = await b.ended(await b.submit(studyOf({ trials: 1 })));
  const local = await b.ended(await b.submit(studyOf({ trials: 1, scenario: "local-copy" })));
  for (const node of b.nodes) node.seals = false;
  const unsealed = await b.ended(await b.submit(studyOf({ trials: 1 })));
  for (const [name, [trial]] of Object.entries({ cross, local, unsealed })) trials[name] = trial?.trial ?? "";
  expect(statesOf([...cross, ...local, ...unsealed])).toEqual(["done", "done", "done"]);
  expect([...cross, ...local].map((t) => t.attempts[0]?.sealed?.problems)).toEqual([[], []]);
  keyId = keyIdOf(await b.coordinator.publicKey());
  const state = join(dir, ".redline", "one", "coordinator");
  await mkdir(state, { recursive: true });
  for (const file of ["journal.jsonl", "coordinator.pub"])
    await writeFile(join(state, file), await readFile(join(b.coordinator.dir, file)));
  for (const [name, file] of [
    ["cross", CROSS],
    ["local", LOCAL],
  ] as const) {
    const made = await run("bundle", "export", trials[name] ?? "", "--out", file);
    expect(made, made.stderr).toMatchObject({ code: 0 });
    expect(made.stdout).toContain(`sha256:${keyId}`);
  }
}, 300_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

const bytesOf = (file: string) => readFile(join(dir, file));
const bundleOf = async (file: string): Promise<Bundle> =>
  bundleSchema.parse(JSON.parse(await readFile(join(dir, file), "utf8")));

describe("redline bundle", () => {
  it("exports what a real coordinator and its nodes signed, and verifies it by the coordinator's key", async () => {
    for (const file of [CROSS, LOCAL])
      for (const trust of [
        ["--state", ".redline/one"],
        ["--coordinator-key", `sha256:${keyId}`],
        ["--coordinator-key", ".redline/one/coordinator/coordinator.pub"],
      ]) {
        const found = await run("bundle", "verify", file, ...trust);
        expect(found, found.stdout + found.stderr).toMatchObject({ code: 0, stderr: "" });
        expect(found.stdout).toMatch(/strict: refuted, and the evidence gives the same\n/);
        expect(found.stdout).toMatch(/\nverified: /);
      }
    const data = await run("bundle", "verify", CROSS, "--json", "--state", ".redline/one");
    expect(JSON.parse(data.stdout)).toMatchObject({
      ok: true,
      word: "verified",
      coordinator: `sha256:${keyId}`,
      attempt: { trial: trials["cross"], attempt: 1 },
      verdicts: { pan2024: "refuted", strict: "refuted" },
    });
    const journal = await run("journal", "verify");
    expect(journal, journal.stdout).toMatchObject({ code: 0 });
  });

  it("says that a key is not known, or is another, and does not take the bundle's word for it", async () => {
    const other = generateKeyPairSync("ed25519").publicKey;
    await writeFile(join(dir, "other.pub"), publicPem(other));
    for (const key of [`sha256:${keyIdOf(other)}`, "other.pub"]) {
      const found = await run("bundle", "verify", CROSS, "--coordinator-key", key);
      expect(found).toMatchObject({ code: 1, stderr: "" });
      expect(found.stdout).toContain(
        `NOT verified: other-signer: everything in it agrees, and it is signed by the key sha256:${keyId}`,
      );
    }
    // Not even by a state folder that lies where the bundle lies: it may have come with it.
    const elsewhere = join(dir, "elsewhere");
    await mkdir(elsewhere);
    for (const folder of [dir, elsewhere]) {
      const { code, stdout } = await redline(["bundle", "verify", join(dir, CROSS)], folder).ended;
      expect([code, stdout]).toEqual([1, expect.stringContaining("NOT verified: unknown-signer:")]);
    }
  });

  it("refuses parts of one bundle in another, and a changed file, by their word", async () => {
    const [cross, local] = [await bundleOf(CROSS), await bundleOf(LOCAL)];
    const swapped: [string, Bundle, string][] = [
      ["records", { ...cross, records: local.records }, "attempt"],
      ["verdict", { ...cross, verdict: local.verdict }, "key|attempt|signature"],
      ["evidence", { ...cross, evidence: local.evidence }, "signature|statement|attempt"],
    ];
    for (const [what, bundle, word] of swapped) {
      await writeFile(join(dir, "bad.json"), bundleText(bundle));
      const found = await run("bundle", "verify", "bad.json");
      expect([what, found.code]).toEqual([what, 1]);
      expect(found.stdout).toMatch(new RegExp(`NOT verified: (${word}): `));
    }
    const bytes = await bytesOf(CROSS);
    const at = bytes.indexOf("run-ended");
    bytes.write("x", at);
    await writeFile(join(dir, "bad.json"), bytes);
    expect((await run("bundle", "verify", "bad.json")).stdout).toMatch(/NOT verified: (chain|digest): n\d: /);
    const judged = await run("adjudicate", "bad.json");
    expect(judged).toMatchObject({ code: 1, stdout: "" });
    expect(judged.stderr).toMatch(/does not verify \((chain|digest)\)/);
  });

  it("exports nothing that is not whole, and writes over nothing", async () => {
    const unsealed = await run("bundle", "export", trials["unsealed"] ?? "");
    expect(unsealed).toMatchObject({ code: 1, stdout: "" });
    expect(unsealed.stderr).toMatch(
      /cannot be exported: it has no whole seal: n\d: it did not seal its records/,
    );
    const again = await run("bundle", "export", trials["cross"] ?? "", "--out", CROSS);
    expect(again).toMatchObject({ code: 2 });
    expect(again.stderr).toContain("try: name another file with --out");
    expect((await run("bundle", "export", trials["cross"] ?? "", "--attempt", "2")).stderr).toContain(
      "has no attempt 2",
    );
    expect((await run("bundle", "export", "none-0000-001")).code).toBe(2);
    expect(verifyBundle(await bytesOf(CROSS)).ok).toBe(true);
  });

  it("does not wait for a pipe, follow a folder or read what is no key", async () => {
    await symlink("/dev/zero", join(dir, "zero"));
    for (const file of [".", "zero", "missing"]) expect((await run("bundle", "verify", file)).code).toBe(2);
    const fifo = spawn("mkfifo", [join(dir, "pipe")]);
    await new Promise((resolve) => fifo.once("close", resolve));
    expect((await run("bundle", "verify", "pipe")).stderr).toContain("is no plain file");
    for (const key of ["pipe", "missing", CROSS, "sha256:12"])
      expect((await run("bundle", "verify", LOCAL, "--coordinator-key", key)).code).toBe(2);
  });
});

describe("a coordinator that died in the middle", () => {
  it("checks seals against the lines that its predecessor took in", async () => {
    await using b = await startBench({ REDLINE_LEASE_MS: "20000" }, { runMs: 2000 });
    const id = await b.submit(studyOf({ trials: 1 }));
    await until("it runs", async () => (await b.trialsOf(id))[0]?.state === "running");
    await b.coordinator.end("SIGKILL");
    await b.coordinator.start();
    const [trial] = await b.ended(id);
    expect(trial?.attempts.map(({ sealed }) => sealed)).toMatchObject([{ problems: [] }]);
    expect(trial?.attempts[0]?.sealed?.nodes).toHaveLength(2);
  });
});

describe("redline adjudicate", () => {
  it("makes verdicts anew under the profile that is asked for", async () => {
    const sealed = await run("adjudicate", CROSS);
    expect(sealed, sealed.stderr).toMatchObject({ code: 0 });
    expect(sealed.stdout).toMatch(/^pan2024 +refuted; /m);
    expect(sealed.stdout).toMatch(/^strict +refuted; /m);
    const listed = await run("adjudicate", CROSS, "--profile", "process,persistent", "--json");
    expect(JSON.parse(listed.stdout)).toMatchObject({ results: [{ profile: "listed", verdict: "refuted" }] });
    const typo = await run("adjudicate", CROSS, "--profile", "process,prot");
    expect(typo).toMatchObject({ code: 2 });
    expect(typo.stderr).toContain('there is no profile or claim "prot", did you mean "port"?');
  });
});

describe("the recipe of docs/bundle.md", () => {
  const openssl = async (file: string, pub: string) => {
    const script = /## With openssl alone[\s\S]*?```bash\n([\s\S]*?)```/.exec(
      await readFile(recipe, "utf8"),
    )?.[1];
    if (script === undefined) throw new Error("there is no recipe in docs/bundle.md");
    await writeFile(join(dir, "check.sh"), script);
    const child = spawn("bash", ["check.sh", file, pub], { cwd: dir, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const code = await new Promise((resolve) => child.once("close", resolve));
    return { code, said };
  };

  it("verifies real bundles with openssl alone", async () => {
    for (const file of [CROSS, LOCAL]) {
      const found = await openssl(file, ".redline/one/coordinator/coordinator.pub");
      expect(found, found.said).toMatchObject({ code: 0 });
      const records = Object.keys((await bundleOf(file)).records);
      for (const name of records) expect(found.said).toContain(`records ${name} sha256 `);
      expect(found.said).toContain('"result":"FAILED"');
      expect(found.said).toMatch(/\nverified \(.*\)\n$/);
    }
  });

  it("refuses another coordinator, another record and another signature", async () => {
    const pub = ".redline/one/coordinator/coordinator.pub";
    await writeFile(
      join(dir, "other.pub"),
      publicPem(createPublicKey(generateKeyPairSync("ed25519").privateKey)),
    );
    expect((await openssl(CROSS, "other.pub")).said).toContain(
      "NOT verified: the verdict is not signed by the coordinator",
    );
    const text = (await bytesOf(CROSS)).toString();
    const bad: [string, string, string][] = [
      ['\\"turns\\":3', '\\"turns\\":4', "NOT verified: the records of"],
      [/"sig":"../.exec(text)?.[0] ?? "", '"sig":"AA', "NOT verified: signature by"],
    ];
    // What another reader of JSON would take for the truth: a second verdict, other records under the same name, other roles.
    const spelling = "NOT verified: not in a bundle's one spelling";
    bad.push(
      [/\}\n$/.exec(text)?.[0] ?? "", ',"verdict": {"payload":"e30="}}\n', spelling],
      ['{"mediaType"', '{ "mediaType"', spelling],
      ['"evidence":[', '"other":1,"evidence":[', spelling],
      ['"role":"node:n1"', '"role":"node:n9"', "NOT verified: the key"],
      [/"signatures":\[\{[^}]*\},/.exec(text)?.[0] ?? "", '"signatures":[', "NOT verified: evidence of"],
    );
    const name = Object.keys((await bundleOf(CROSS)).records)[1] ?? "";
    const left = text.replace(new RegExp(`,"${name}":"(\\\\.|[^"\\\\])*"`), "");
    await writeFile(join(dir, "bad.json"), left);
    expect((await openssl("bad.json", pub)).said).toContain(
      "NOT verified: records and statements do not pair up",
    );
    for (const [from, to, why] of bad) {
      expect(text).toContain(from);
      await writeFile(join(dir, "bad.json"), text.replace(from, to));
      const found = await openssl("bad.json", pub);
      expect([found.code, found.said]).toEqual([1, expect.stringContaining(why)]);
      expect(found.said).not.toMatch(/^verified/m);
    }
  });
});
