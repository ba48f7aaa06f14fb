import { describe, expect, it } from "vitest";
import { parseMountinfo } from "./mountinfo.ts";

const TABLE = `100 90 0:50 / / rw - tmpfs tmpfs rw
101 100 0:51 / /home/agent rw,nosuid - tmpfs tmpfs rw,size=8k
102 101 8:1 /srv/s\\040x/weights/tiny.gguf /home/agent/system/weights/tiny.gguf ro shared:3 - ext4 /dev/vda rw
103 100 0:30 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer
`;

describe("mounts of a process", () => {
  const mounts = parseMountinfo(TABLE);

  it("are read with optional fields and escaped blanks", () => {
    expect(mounts).toHaveLength(4);
    expect(mounts[2]).toEqual({
      id: "102",
      root: "/srv/s x/weights/tiny.gguf",
      point: "/home/agent/system/weights/tiny.gguf",
      fsType: "ext4",
      options: ["ro"],
      superOptions: ["rw"],
    });
    expect(mounts[3]?.superOptions).toContain("freezer");
  });
});
