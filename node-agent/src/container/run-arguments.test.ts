import { describe, expect, it } from "vitest";
import type { CellSpec } from "../cell/cell.ts";
import { DEFAULT_LIMITS } from "../cell/cell.ts";
import { linkPlan } from "../cell/link-plan.ts";
import { homeFolders } from "./lay-out-home.ts";
import { runArguments, type RunInput } from "./run-arguments.ts";
import { userMap } from "./user-map.ts";

const spec = (more: Partial<CellSpec> = {}): CellSpec => ({
  ...{ id: "t1-o", hostname: "origin", index: 7, ttlMs: 60_000, scratchBytes: 1_048_576 },
  ...{ limits: DEFAULT_LIMITS, authorizedKeys: [], readOnlyBinds: [], socketBinds: [], env: {} },
  stateDir: "/var/lib/redline/cells/t1-o",
  ...more,
});

function words(more: Partial<CellSpec> = {}, input: Partial<RunInput> = {}): string {
  const tool = "/usr/bin/tool";
  return runArguments({
    ...{ engine: "podman", name: "redline-cell-7", image: "cuda:1", root: "/mnt/image" },
    ...{ spec: spec(more), plan: linkPlan(7), profile: "/p.json", plant: undefined },
    tools: { bwrap: tool, ip: tool, nft: tool, nsenter: tool, tar: tool, bash: tool, sshd: "/usr/sbin/sshd" },
    files: { etc: "/s/etc", init: "/s/init", initScript: "/s/init.bash" },
    ...{ map: userMap(1_900_000_007, 0), withoutCgroup: false, rlimits: ["-c=0"] },
    ...input,
  }).join(" ");
}

describe("runArguments", () => {
  it("gives no GPU that was not placed, whatever the image asks for", () => {
    expect(words()).toContain("--env NVIDIA_VISIBLE_DEVICES=void");
    expect(words()).not.toContain("--device");
  });

  it("gives the GPUs that were placed, each engine's way", () => {
    const placed = words({ gpus: [1, 3] });
    expect(placed).toContain("--device nvidia.com/gpu=1 --device nvidia.com/gpu=3");
    expect(placed).not.toContain("VISIBLE");
    const docker = words({ gpus: [1, 3] }, { engine: "docker", root: undefined });
    expect(docker).toContain('--gpus "device=1,3"');
  });

  it("takes podman's image as it lies, in our own network namespace, and docker's by name without a network", () => {
    expect(words()).toContain("--network ns:/run/netns/redline-7");
    expect(words()).toContain("--rootfs /mnt/image:O -c");
    const docker = words({}, { engine: "docker", root: undefined });
    expect(docker).toContain("--network none");
    expect(docker).toContain(" cuda:1 -c");
    expect(docker).not.toContain("uidmap");
  });

  it("mounts weights read-only from where they lie", () => {
    const plant = {
      from: "/specimen",
      to: "/home/agent/s",
      weights: ["a.gguf"],
      weightsFrom: { "a.gguf": "/w/a" },
    };
    expect(words({ plant })).toContain("type=bind,src=/w/a,dst=/home/agent/s/a.gguf,readonly");
  });

  it.each(["/a,dst=/etc", '/a"b', "/a\nb"])(
    "refuses the path %j, which an engine reads as more than one",
    (from) => {
      expect(() => words({ readOnlyBinds: [{ from, to: "/opt/x" }] })).toThrow("has a comma");
    },
  );
});

it("maps root besides the cell's user only where the daemon has more than one id", () => {
  expect(userMap(1_900_000_007, 0).map(({ inside, host }) => [inside, host])).toEqual([
    [0, 0],
    [1_000, 1_900_000_007],
  ]);
  expect(userMap(0, 0)).toEqual([{ inside: 1_000, host: 0 }]);
});

it("gives the cell's user all folders between its home and the weights", () => {
  const plant = { from: "/s", to: "/home/agent/s", weights: ["w/deep/a.gguf", "b.gguf"] };
  expect(homeFolders({ plant })).toEqual([
    "/home/agent",
    "/home/agent/s",
    "/home/agent/s/w",
    "/home/agent/s/w/deep",
  ]);
  expect(homeFolders({})).toEqual(["/home/agent"]);
});
