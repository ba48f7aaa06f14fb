import { describe, expect, it } from "vitest";
import { checksInLab } from "../kit/checks-in-lab.ts";
import { hidePlaces } from "../kit/hide-places.ts";

/**
 * Proofs over real cells and real survivors, in a lab namespace of their own with private copies of the places where something
 * can be left. What is planted ends with the namespace. The checks are `fixtures/sterility-checks.ts`.
 */
const isRoot = process.getuid?.() === 0;
const OTHER_UID = "1001";

// A /dev of its own: there is a GPU's device file in it. The root is read-only, so that no proof walks this machine's disk.
const inside = `set -e
${hidePlaces(["/run", "/tmp", "/root", "/var/spool"], "755")}
chmod 1777 /tmp
mkdir -p /run/netns /run/dev /run/systemd/transient /var/spool/mail /var/spool/cron/crontabs /var/spool/at /var/spool/deep/er /root/.ssh
mount --rbind /dev /run/dev
mount -t tmpfs -o mode=755 tmpfs /dev
mkdir /dev/shm /dev/mqueue
for name in null zero full random urandom tty loop-control loop0 loop1 loop2 loop3; do
  if [ -e /run/dev/$name ]; then touch /dev/$name; mount --bind /run/dev/$name /dev/$name; fi
done
umount -l /run/dev
rmdir /run/dev
touch /dev/nvidia0
mount -t tmpfs tmpfs /dev/shm
mount -t mqueue mqueue /dev/mqueue
mount -o remount,bind,ro / || true
ip link set lo up
set +e
"$@"; exit $?`;
const namespaces = ["--pid", "--fork", "--mount-proc", "--kill-child"];
const lab = ["unshare", "-Urmni", ...namespaces, "bash", "--norc", "-c", inside, "lab"];
const asOther = ["setpriv", `--reuid=${OTHER_UID}`, `--regid=${OTHER_UID}`, "--clear-groups", ...lab];
const machine = ["unshare", "-mni", ...namespaces, "bash", "--norc", "-c", inside, "lab"];

const modes: readonly (readonly [mode: string, command: readonly string[], possible: boolean])[] = [
  ["a rootless lab of this user", lab, true],
  ["a rootless lab of another user", asOther, isRoot],
  ["a machine where the daemon is the real root", machine, isRoot],
];

describe.concurrent.each(modes.filter(([, , possible]) => possible))("sterility in %s", (_, command) => {
  it("finds what was left and nothing else", async () => {
    const { count, failed, stderr } = await checksInLab(command, "sterility-checks");
    expect(failed).toEqual([]);
    expect(stderr).toBe("");
    expect(count).toBeGreaterThan(25);
  }, 600_000);
});
