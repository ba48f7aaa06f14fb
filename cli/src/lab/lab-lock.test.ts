import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { lockStateDir } from "./lab-lock.ts";
import { startLab } from "./lab.ts";

it("lets one lab at a time use a state folder, by whatever name, and another one after it", async () => {
  const dir = await mkdtemp(join(tmpdir(), "redline-lock-"));
  const alias = `${dir}-alias`;
  await symlink(dir, alias);
  const first = await lockStateDir(dir);
  expect(first).not.toBeNull();
  expect(await lockStateDir(alias)).toBeNull();
  await expect(startLab({ stateDir: dir, specimenDirs: [], onLine: () => undefined })).rejects.toMatchObject({
    config: true,
    message: `another run uses this state folder: ${dir}`,
  });
  first?.release();
  first?.release();
  const second = await lockStateDir(alias);
  expect(second).not.toBeNull();
  second?.release();
  await rm(alias);
  await rm(dir, { recursive: true });
});
