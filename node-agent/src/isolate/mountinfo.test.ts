import { describe, expect, it } from "vitest";
import { parseMounts } from "./mountinfo.ts";
import { namesOf } from "./take-away.ts";

const TABLE = `100 90 0:50 / / rw - tmpfs tmpfs rw
101 100 0:51 / /home/agent rw,nosuid - tmpfs tmpfs rw,size=8k
102 101 8:1 /srv/s\\040x/weights/tiny.gguf /home/agent/system/weights/tiny.gguf ro shared:3 - ext4 /dev/vda rw
103 100 0:30 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer
`;

describe("mounts of a process", () => {
  const mounts = parseMounts(TABLE);

  it("are read with optional fields and escaped blanks", () => {
    expect(mounts).toHaveLength(4);
    expect(mounts[2]).toEqual({
      root: "/srv/s x/weights/tiny.gguf",
      mountPoint: "/home/agent/system/weights/tiny.gguf",
      type: "ext4",
      options: ["rw"],
    });
    expect(mounts[3]?.options).toContain("freezer");
  });

  it("tell where mounted weights are by now", () => {
    const at = "/home/agent/system/weights/tiny.gguf";
    expect(namesOf(mounts, at)).toEqual([at]);
    const moved = parseMounts(TABLE.replaceAll("agent/system", "agent/moved"));
    expect(namesOf(moved, at)).toEqual(["/home/agent/moved/weights/tiny.gguf"]);
    expect(namesOf(parseMounts(""), at)).toEqual([]);
    expect(namesOf(mounts, "/opt/redline/weights/tiny.gguf")).toEqual(["/opt/redline/weights/tiny.gguf"]);
  });
});
