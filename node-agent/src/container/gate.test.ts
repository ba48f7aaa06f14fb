import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { GATE } from "./gate.ts";

const gate = (input: string, limit = "20", plant = "") =>
  spawnSync(
    "bash",
    ["-c", GATE, "gate", limit, plant, "/tmp", "bash", "-c", "echo in; cat; cat <&5 2>/dev/null"],
    {
      input,
      encoding: "utf8",
    },
  ).stdout;

it("opens for the word alone, and leaves what comes after it to init", () => {
  expect(gate("\n\ngo\nbeat\n")).toBe("here\nin\nbeat\n");
});

it("does not open at the end of the pipe, for another word, or when nobody beats", () => {
  expect(gate("\n\n")).toBe("here\n");
  expect(gate("gone\ngo on\n")).toBe("here\n");
  const silent = spawnSync(
    "bash",
    ["-c", `sleep 3 | bash -c '${GATE.replaceAll("'", `'\\''`)}' gate 1 "" "" echo in`],
    {
      encoding: "utf8",
    },
  );
  expect(silent.stdout).toBe("here\n");
});

it("hands init the specimen's tar on descriptor 5", () => {
  expect(gate("go\n", "20", "/etc/hostname")).toMatch(/^here\nin\n.+/);
});
