import { once } from "node:events";
import { mkdirSync, readlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { newEphemeralKey } from "../ssh/ephemeral-key.ts";
import type { DriverBench, DriverPromise } from "./driver-bench.ts";
import {
  failureOf,
  need,
  needEqual,
  output,
  pidsIn,
  statusOf,
  succeeds,
  withCell,
} from "./driver-conformance-tools.ts";
import { linkPlan } from "./link-plan.ts";

const MIB = 1_048_576;
const perl = (code: string) => `perl -e '${code}'`;

/** What a cell is, sees, may use and can reach. */
export function containmentPromises(bench: DriverBench): DriverPromise[] {
  const inCell = (more: Parameters<typeof withCell>[1], use: Parameters<typeof withCell>[2]) =>
    withCell(bench, more, use);
  return [
    [
      "a cell is up and answers, and its facts name the driver and what holds each limit",
      () =>
        inCell({}, async (session, cell) => {
          needEqual(await output(session, "id -u; hostname; cd; pwd"), "1000\norigin\n/home/agent", "user");
          needEqual(cell.facts["driver"], bench.driver.name, "driver");
          for (const limit of ["memory", "processes", "openFiles", "scratch"])
            need((cell.facts[`limit.${limit}`] ?? "") !== "", `no fact of ${limit}`);
          need(bench.driver.cells().includes(cell), "not among the driver's cells");
          needEqual(await cell.limitsHit(), {}, "limits of a quiet cell");
        }),
    ],
    [
      "every process of it has namespaces of its own, no capability, no new privileges and a filter",
      () =>
        inCell({}, async (session, cell) => {
          await output(session, "sleep 600 >/dev/null 2>&1 & true");
          for (const kind of ["pid", "net", "mnt", "user", "ipc", "uts"]) {
            const own = readlinkSync(`/proc/${cell.initPid}/ns/${kind}`);
            need(own !== readlinkSync(`/proc/self/ns/${kind}`), `the ${kind} namespace is shared`);
          }
          const pids = pidsIn(cell.pidns);
          need(pids.includes(cell.initPid) && pids.length >= 3, `only ${pids.length} processes`);
          for (const pid of pids) {
            const words = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map((set) => statusOf(pid, set));
            const rest = [statusOf(pid, "NoNewPrivs"), statusOf(pid, "Seccomp")];
            // Gone since the list was read.
            if (rest[0] === "") continue;
            needEqual([...words.map(Number), ...rest], [0, 0, 0, 0, 0, "1", "2"], statusOf(pid, "Name"));
          }
        }),
    ],
    [
      "system calls that lead out are refused, and init and the system are out of reach",
      () =>
        inCell({}, async (session, cell) => {
          const calls = [
            "unshare -U true",
            "nsenter -t 1 -n true",
            "mount -t tmpfs x /tmp",
            "chroot / true",
            // AF_VSOCK, AF_PACKET, raw ICMP.
            ...["40, 1, 0", "17, 3, 768", "2, 3, 1"].map((kind) => perl(`socket(S, ${kind}) or exit 1`)),
            ...[425, 250, 101, 321].map((call) => perl(`exit(syscall(${call}, 0, 0, 0) < 0)`)),
            ...["/x", "/usr/x", "/etc/x", "/dev/x", "/opt/redline/x", "/proc/sys/kernel/core_pattern"].map(
              (path) => `echo x > ${path}`,
            ),
            "cat /proc/1/mem",
            "ls /proc/1/root/",
          ];
          for (const call of calls)
            need(!(await succeeds(session, `(${call}) 2>/dev/null`)), `${call} went through`);
          await output(session, "for s in KILL STOP TERM HUP; do kill -$s 1; done; true");
          need(await succeeds(session, "true"), "no answer after the signals");
          need(pidsIn(cell.pidns).includes(cell.initPid), "init is gone");
        }),
    ],
    [
      "processes, open files and space are limited, and reaching a limit harms the cell alone",
      () =>
        inCell(
          {
            scratchBytes: 4 * MIB,
            limits: { memoryBytes: 256 * MIB, processes: 64, openFiles: 256 },
          },
          async (session, cell) => {
            for (const [at, most] of [["/home/agent", 4 * MIB] as const, ["/tmp", MIB] as const]) {
              await session.exec(`head -c 64M /dev/zero > ${at}/big`);
              const size = Number(await output(session, `stat -c %s ${at}/big; rm ${at}/big`));
              need(size > 0 && size <= most, `${at} took ${size}`);
            }
            need(Number(await output(session, "ulimit -Hn")) <= 256, "open files");
            const eater = perl("my @a; push @a, q(x) x 1048576 for 1..1024; print length(@a)");
            need(!(await succeeds(session, eater)), "a process took four times the cell's memory");
            need(await succeeds(session, "true"), "no answer after it");
            // Refused or ended, by whatever holds it; a session may be hit as well.
            const bomb = "for i in $(seq 300); do sleep 60 & done >/dev/null 2>&1; true";
            await session.exec(bomb, { timeoutMs: 5_000 }).catch(() => undefined);
            const { length } = pidsIn(cell.pidns);
            const watched = (cell.facts["limit.processes"] ?? "").startsWith("watch");
            need(length <= 64 || watched, `${length} processes`);
            const hit = Object.keys(await cell.limitsHit());
            need(
              hit.length > 0 || !(cell.facts["limit.memory"] ?? "").startsWith("cgroup"),
              "nothing was counted",
            );
          },
        ),
    ],
    [
      "it reaches what was opened on its link and nothing else, and what it tries is counted",
      async () => {
        const plan = linkPlan(0);
        const { publicKeyLine: hostKey, privateKey } = newEphemeralKey("target");
        const sshTarget = { host: plan.hostAddress, port: 4_022, hostKey, privateKey };
        await inCell({ sshTarget }, async (session, cell) => {
          needEqual(await cell.drops(), { packets: 0, bytes: 0, kinds: {}, tried: [] }, "before");
          const servers = await Promise.all([4_022, 4_023].map((port) => listen(cell.hostAddress, port)));
          const reach = async (port: number) => {
            const dial = `exec 3<>/dev/tcp/${cell.hostAddress}/${port}; cat <&3`;
            return (await session.exec(`timeout 2 bash -c '${dial}' 2>/dev/null`)).stdout;
          };
          needEqual([await reach(4_022), await reach(4_023)], ["reached", ""], "the opening, beside it");
          const { packets, bytes, kinds } = await cell.drops();
          need(packets > 0 && bytes >= packets * 20, `drops ${packets} ${bytes}`);
          need((kinds["tcp"] ?? 0) > 0, `kinds ${JSON.stringify(kinds)}`);
          for (const server of servers) server.close();
        });
      },
    ],
    [
      "its link can be taken down from outside, and up again",
      () =>
        inCell({}, async (session, cell) => {
          need((await cell.setLink("down")).verified, "down is not verified");
          need((await failureOf(bench.connect(cell))) !== "no error", "it answers without a link");
          need((await cell.setLink("up")).verified, "up is not verified");
          await using again = await bench.connect(cell);
          needEqual(await output(again, "echo here"), "here", "after it");
        }),
    ],
    [
      "the specimen is laid in, once, its weights read-only and from where they lie",
      async () => {
        const from = bench.folder("specimen");
        mkdirSync(join(from, "weights"));
        writeFileSync(join(from, "agent.mjs"), "console.log('agent')\n");
        writeFileSync(join(from, "weights/tiny.gguf"), "weights");
        writeFileSync(join(from, "weights/notes.txt"), "notes");
        const plant = { from, to: "/home/agent/system", weights: ["weights/tiny.gguf"] };
        await inCell({ plant, env: { WORD: "two words" } }, async (session) => {
          needEqual(
            await output(
              session,
              "cd system && find . -type f | sort; node agent.mjs; cat weights/tiny.gguf",
            ),
            "./agent.mjs\n./weights/notes.txt\n./weights/tiny.gguf\nagent\nweights",
            "files",
          );
          need(!(await succeeds(session, "echo x >> system/weights/tiny.gguf")), "weights are writable");
          const write =
            "echo x >> system/agent.mjs && touch system/new system/weights/new && cp -r system copy";
          need(await succeeds(session, write), "the code is not the agent's");
          const found = "grep -rls 'console.log(.agent.)' /home /tmp /run /opt /etc /var /dev/shm; true";
          needEqual(
            (await output(session, found)).split("\n").sort(),
            ["/home/agent/copy/agent.mjs", "/home/agent/system/agent.mjs"],
            "where the code is",
          );
          needEqual(await output(session, 'echo "$WORD"'), "two words", "environment");
        });
        await inCell({ plant: { ...plant, weights: [] } }, async (session) => {
          const whole = "cat system/weights/tiny.gguf && echo x >> system/weights/tiny.gguf && echo ok";
          needEqual(await output(session, whole), "weightsok", "weights that are laid in");
        });
      },
    ],
  ];
}

async function listen(host: string, port: number): Promise<Server> {
  const server = createServer((client) => {
    client.on("error", () => undefined);
    client.end("reached");
  }).listen(port, host);
  await once(server, "listening");
  return server;
}
