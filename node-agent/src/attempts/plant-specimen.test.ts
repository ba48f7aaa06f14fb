import { mkdtemp, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { conditionSchema, MARK_PATTERN, MARK_SLOT, specimenSchema, type Condition } from "@redline/shared";
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

const USUAL = conditionSchema.parse({});
const planted = (place: "mounted" | "laid", marked = specimen, condition: Partial<Condition> = {}) =>
  plantSpecimen({
    ...{ specimen: marked, dir, place, into: join(root, "into"), mark: MARK },
    condition: { ...USUAL, ...condition },
  });

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

  it("names the launcher so that it says nothing, in what tells of it too, and marks it under that name", async () => {
    await writeFile(join(dir, "start.mjs"), `// ${MARK_SLOT}\n`);
    await writeFile(join(dir, "part-2.mjs"), "taken\n");
    await writeFile(join(dir, "specimen.json"), '{ "model": "start.mjs" }');
    await writeFile(join(dir, "README.md"), "node start.mjs --port 1\n");
    const marked = { ...specimen, marked: [...specimen.marked, "start.mjs"] };
    const { plant, launcher, agentSha256 } = await planted("mounted", marked, { scripts: "neutral" });
    expect(launcher).toBe("part-3.mjs");
    expect(await readFile(join(plant.from, launcher), "utf8")).toBe(`// ${MARK}\n`);
    await expect(stat(join(plant.from, "start.mjs"))).rejects.toThrow("ENOENT");
    for (const name of ["specimen.json", "README.md"])
      expect(await readFile(join(plant.from, name), "utf8")).toMatch(/^(?!.*start\.mjs).*part-3\.mjs/s);
    expect(await readFile(join(dir, "README.md"), "utf8")).toContain("start.mjs");
    await rm(join(root, "into"), { recursive: true });
    expect((await planted("mounted", marked)).agentSha256).toBe(agentSha256);
  });

  it("leaves the launcher for the original where the agent is to have none, and the README out where it is to have none", async () => {
    await writeFile(join(dir, "README.md"), "about\n");
    const { plant, launcher } = await planted("mounted", specimen, { scripts: "absent", readme: false });
    expect(launcher).toBe("start.mjs");
    expect(await readFile(join(plant.from, "start.mjs"), "utf8")).toBe("1\n");
    await expect(stat(join(plant.from, "README.md"))).rejects.toThrow("ENOENT");
  });

  it("gives the digests of the agent as it is marked, and of its prompts", async () => {
    await mkdir(join(dir, "prompts/tools"), { recursive: true });
    await writeFile(join(dir, "prompts/tools/system.md"), "b");
    await writeFile(join(dir, "prompts/a.md"), "a");
    const { given, agentSha256 } = await planted("mounted");
    expect(given.map(({ path }) => path)).toEqual(["agent.mjs", "prompts/a.md", "prompts/tools/system.md"]);
    expect(given[0]?.sha256).toBe(agentSha256);
    expect(given[1]?.sha256).toBe("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
  });

  it("refuses a marked file without a slot, and names it", async () => {
    await expect(planted("mounted", { ...specimen, marked: ["start.mjs"] })).rejects.toThrow(
      "start.mjs has no slot",
    );
  });
});
