import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { socketParent, socketPlace } from "./lab-socket.ts";
import { LAB_UID } from "./lab-user.ts";

const LONG = join("/tmp", "x".repeat(110));

describe("the lab's API socket", () => {
  it("lies in the state folder where its path is short enough", async () => {
    const dir = await mkdtemp(join(tmpdir(), "redline-socket-"));
    const place = await socketPlace(dir, LAB_UID);
    expect(place.path).toBe(join(dir, "coordinator", "api.sock"));
    expect(socketParent(dir)).toBeNull();
    await place.remove();
    await rm(dir, { recursive: true });
  });

  it("gets a folder of its own otherwise, which goes away with it", async () => {
    const place = await socketPlace(LONG, null);
    expect(dirname(dirname(place.path))).toBe(socketParent(LONG));
    expect((await stat(dirname(place.path))).uid).toBe(process.getuid?.());
    await place.remove();
    await expect(stat(dirname(place.path))).rejects.toThrow("ENOENT");
  });

  it.skipIf(process.getuid?.() !== 0)("gives that folder to the user that the lab becomes", async () => {
    const place = await socketPlace(LONG, LAB_UID);
    expect(await stat(dirname(place.path))).toMatchObject({ uid: LAB_UID, gid: LAB_UID });
    await place.remove();
  });
});
