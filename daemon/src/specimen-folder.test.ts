import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readSpecimenFolder } from "./specimen-folder.ts";

const DESCRIPTION = {
  v: 1,
  name: "tiny",
  agent: "agent.mjs",
  model: "start-model.mjs",
  weights: ["weights/tiny.gguf"],
  ports: { model: 8760, agent: 8001 },
};

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "redline-specimen-"));
  await mkdir(join(dir, "weights"));
  await writeFile(join(dir, "specimen.json"), JSON.stringify(DESCRIPTION));
  await writeFile(join(dir, "agent.mjs"), "agent");
  await writeFile(join(dir, "start-model.mjs"), "model");
  await writeFile(join(dir, "weights/tiny.gguf"), "weights");
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

describe("specimen folder", () => {
  it("gives the digest that coreutils give", async () => {
    await writeFile(join(dir, "wide \u00fc name"), "");
    const read = await readSpecimenFolder(dir);
    const shell =
      "find . -type f -printf '%P\\0' | xargs -0 sha256sum | LC_ALL=C sort | sha256sum | cut -d' ' -f1";
    const expected = execFileSync("sh", ["-c", shell], { cwd: dir, encoding: "utf8" }).trim();
    expect(read).toMatchObject({ ok: true, name: "tiny", sha256: expected });
    if (read.ok) expect(read.files).toHaveLength(5);
  });

  it("changes its digest with a byte and with a name", async () => {
    const digest = async () => {
      const read = await readSpecimenFolder(dir);
      return read.ok ? read.sha256 : read.problems.join();
    };
    const first = await digest();
    await writeFile(join(dir, "weights/tiny.gguf"), "weightz");
    const second = await digest();
    await writeFile(join(dir, "note"), "");
    expect(new Set([first, second, await digest()]).size).toBe(3);
  });

  it("names the remedy when weights are missing or empty", async () => {
    await writeFile(join(dir, "weights/tiny.gguf"), "");
    expect(await readSpecimenFolder(dir)).toEqual({
      ok: false,
      problems: [`lacks its weights (weights/tiny.gguf); write them with: redline specimen weights ${dir}`],
    });
  });

  it("refuses a link, whatever it points to, and says all problems", async () => {
    await rm(join(dir, "agent.mjs"));
    await symlink("/etc/passwd", join(dir, "link"));
    expect(await readSpecimenFolder(dir)).toEqual({
      ok: false,
      problems: [
        "link is a symbolic link; put a file there",
        "specimen.json names agent.mjs as agent, and there is no such file",
      ],
    });
  });

  it.each([
    ["../agent.mjs", "a relative path inside"],
    ["/bin/sh", "a relative path inside"],
    ["", "Too small"],
  ])("refuses %j as the agent's path", async (agent, why) => {
    await writeFile(join(dir, "specimen.json"), JSON.stringify({ ...DESCRIPTION, agent }));
    const read = await readSpecimenFolder(dir);
    expect(read.ok ? "" : read.problems.join()).toContain(why);
  });

  it("says what is missing of a folder", async () => {
    expect(await readSpecimenFolder(join(dir, "none"))).toEqual({
      ok: false,
      problems: ["there is no such folder"],
    });
    await rm(join(dir, "specimen.json"));
    expect(await readSpecimenFolder(dir)).toEqual({
      ok: false,
      problems: ["there is no specimen.json in it"],
    });
  });
});
