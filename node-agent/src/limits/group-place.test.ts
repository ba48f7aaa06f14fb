import { describe, expect, it } from "vitest";
import { parseMountinfo } from "../observe/mountinfo.ts";
import { candidatePlaces } from "./group-place.ts";

const v1 = (controllers: string, at: string, root = "/") =>
  `30 29 0:26 ${root} ${at} rw,relatime - cgroup cgroup rw,${controllers}`;
const v2 = (at: string, root = "/") => `31 29 0:27 ${root} ${at} rw,relatime - cgroup2 cgroup2 rw`;
const places = (mounts: readonly string[], groups: string) =>
  candidatePlaces(parseMountinfo(mounts.join("\n")), groups).map(
    ({ version, parent, controllers }) => `${version} ${parent} ${controllers.join("+")}`,
  );

describe("candidatePlaces", () => {
  it("takes the daemon's own group first, then the top", () => {
    expect(places([v2("/sys/fs/cgroup")], "0::/system.slice/redline-node.service\n")).toEqual([
      "cgroup-v2 /sys/fs/cgroup/system.slice/redline-node.service memory+pids",
      "cgroup-v2 /sys/fs/cgroup memory+pids",
    ]);
  });

  it("takes v2 before v1, and a hierarchy of v1 for each controller", () => {
    const mounts = [
      v1("memory", "/c/memory"),
      v1("cpu,pids", "/c/pids"),
      v1("freezer", "/c/f"),
      v2("/c/unified"),
    ];
    expect(places(mounts, "8:cpu,pids:/\n4:memory:/job/7\n0::/\n")).toEqual([
      "cgroup-v2 /c/unified memory+pids",
      "cgroup-v1 /c/memory/job/7 memory",
      "cgroup-v1 /c/memory memory",
      "cgroup-v1 /c/pids pids",
    ]);
  });

  it("follows what the mount shows of the hierarchy, and nothing above it", () => {
    expect(places([v2("/c", "/docker/ab")], "0::/docker/ab/daemon")).toEqual([
      "cgroup-v2 /c/daemon memory+pids",
      "cgroup-v2 /c memory+pids",
    ]);
    expect(places([v2("/c")], "0::/../x")).toEqual(["cgroup-v2 /c memory+pids"]);
    expect(places([v2("/c", "/docker/ab")], "0::/docker/abc")).toEqual(["cgroup-v2 /c memory+pids"]);
    expect(places([], "0::/")).toEqual([]);
  });
});
