import { expect, it } from "vitest";
import { parseMountinfo } from "../observe/mountinfo.ts";
import { namesOf } from "./take-away.ts";

const TABLE = `100 90 0:50 / / rw - tmpfs tmpfs rw
101 100 0:51 / /home/agent rw,nosuid - tmpfs tmpfs rw,size=8k
102 101 8:1 /srv/s\\040x/weights/tiny.gguf /home/agent/system/weights/tiny.gguf ro shared:3 - ext4 /dev/vda rw
103 100 0:30 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer
`;

const mounts = parseMountinfo(TABLE);

it("finds where mounted weights are by now", () => {
  const at = "/home/agent/system/weights/tiny.gguf";
  expect(namesOf(mounts, at)).toEqual([at]);
  const moved = parseMountinfo(TABLE.replaceAll("agent/system", "agent/moved"));
  expect(namesOf(moved, at)).toEqual(["/home/agent/moved/weights/tiny.gguf"]);
  expect(namesOf(parseMountinfo(""), at)).toEqual([]);
  expect(namesOf(mounts, "/opt/redline/weights/tiny.gguf")).toEqual(["/opt/redline/weights/tiny.gguf"]);
});
