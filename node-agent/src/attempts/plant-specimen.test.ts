import { mkdtemp, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MARK_PATTERN, MARK_SLOT, specimenSchema } from "@redline/shared";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { plantSpecimen } from "./plant-specimen.ts";

const MARK = `redline-mark-${"ab".repeat(16)}`;
const specimen = specimenSchema.parse({
  v: 1,
  name: "tiny",
  agent: "agent.mjs",
  model: "start.mjs",
  weights: ["weights/a.gguf"],
  neighbours: ["neighbours/b.gguf"],
  marked: ["agent.mjs", "weights/a.gguf"],
  ports: { model: 8760, agent: 8001 },
});

let root = "";
let dir = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "redline-plant-"));
  dir = join(root, "specimen");
  await mkdir(join(dir, "weights"), { recursive: true });
  await mkdir(join(dir, "neighbours"));
  await writeFile(join(dir, "agent.mjs"), `const a = "${MARK_SLOT}";\n`);
  await writeFile(join(dir, "start.mjs"), "1\n");
  await writeFile(join(dir, "weights/a.gguf"), `GGUF ${MARK_SLOT} tail`);
  await writeFile(join(dir, "neighbours/b.gguf"), "GGUF near");
});
afterEach(() => rm(root, { recursive: true, force: true }));

const planted = (place: "mounted" | "laid", marked = specimen) =>
  plantSpecimen({ specimen: marked, dir, place, into: join(root, "into"), mark: MARK });

describe("planting a specimen", () => {
  it("writes the mark over every slot, keeps sizes, and leaves the node's own copy as it is", async () => {
    expect(MARK).toMatch(MARK_PATTERN);
    const { plant, mark, references, agentSha256 } = await planted("mounted");
    expect(mark).toBe(MARK);
    expect(await readFile(join(plant.from, "agent.mjs"), "utf8")).toBe(`const a = "${MARK}";\n`);
    expect(agentSha256).toHaveLength(64);
    const [reference] = references;
    expect(await readFile(reference?.path ?? "", "utf8")).toBe(`GGUF ${MARK} tail`);
    expect(plant.weightsFrom?.["weights/a.gguf"]).toBe(reference?.path);
    expect(await readFile(join(dir, "agent.mjs"), "utf8")).toContain(MARK_SLOT);
    expect(await readFile(join(dir, "weights/a.gguf"), "utf8")).toContain(MARK_SLOT);
  });

  it("keeps weights and neighbours out of the folder, unless the weights are laid", async () => {
    const { plant } = await planted("mounted");
    await expect(stat(join(plant.from, "weights/a.gguf"))).rejects.toThrow("ENOENT");
    await expect(stat(join(plant.from, "neighbours/b.gguf"))).rejects.toThrow("ENOENT");
    await rm(join(root, "into"), { recursive: true });
    const laid = await planted("laid");
    expect(laid.plant.weights).toEqual([]);
    expect(await readFile(join(laid.plant.from, "weights/a.gguf"), "utf8")).toContain(MARK);
    await expect(stat(join(laid.plant.from, "neighbours/b.gguf"))).rejects.toThrow("ENOENT");
  });

  it("serves unmarked weights from where they lie", async () => {
    const { references } = await planted("mounted", { ...specimen, marked: ["agent.mjs"] });
    expect(references).toEqual([{ name: "weights/a.gguf", path: join(dir, "weights/a.gguf") }]);
  });

  it("refuses a marked file without a slot, and names it", async () => {
    await expect(planted("mounted", { ...specimen, marked: ["start.mjs"] })).rejects.toThrow(
      "start.mjs has no slot",
    );
  });
});
