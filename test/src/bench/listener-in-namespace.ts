import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { countSockets, lookAtListeners } from "../../../node-agent/dist/observe/listener-sweep.js";
import { until } from "../kit/until.ts";
import { buildBenchCell } from "./bench-cell.ts";
import { recordListeners } from "./listener-record.ts";
import { recordBySs } from "./ss-polling.ts";

/**
 * Runs as root of its own lab namespace (see listener.ts): one cell, in it a program that listens and stops, over and over; outside the
 * daemon's own watch and journal, and `ss` in a loop, over the very same listeners. Prints JSON.
 */
const [rounds = 0, pauseMs = 0] = process.argv.slice(2).map(Number);
const OPENER = "/opt/bench/listener-in-cell.mjs";
const built = fileURLToPath(new URL("../../dist/bench/listener-in-cell.js", import.meta.url));
const ours: number[] = [];
const ss: number[] = [];
const costs: { sockets: number; lookCpuMs: number; glanceCpuMs: number }[] = [];
{
  await using bench = await buildBenchCell([{ from: built, to: OPENER }]);
  const { cell, session, folder } = bench;
  const { channel } = await session.openChannel(`exec node ${OPENER}`);
  channel.stderr.pipe(process.stderr);
  const lines = createInterface({ input: channel })[Symbol.asyncIterator]();
  const line = async () => String((await lines.next()).value);
  const say = (text: string) => channel.write(`${text}\n`);
  await line();
  {
    await using recorded = await recordListeners(cell, folder);
    await using polled = await recordBySs(cell, folder, pauseMs);
    for (let round = 0; round < rounds; round += 1) {
      recorded.at.clear();
      polled.at.clear();
      say("open");
      const [port = 0, openedAt = 0] = (await line()).split(" ").map(Number);
      ours.push((await until(`a record of port ${port}`, () => recorded.at.get(port))) - openedAt);
      ss.push((await until(`port ${port} from ss`, () => polled.at.get(port))) - openedAt);
      say("close");
      // Its end is seen too before the next one comes.
      await delay(2 * pauseMs);
    }
  }
  for (const more of [10, 990]) {
    say(`hold ${more}`);
    await line();
    costs.push({
      sockets: more === 10 ? 10 : 1000,
      lookCpuMs: await cpuMs(() => lookAtListeners(cell)),
      glanceCpuMs: await cpuMs(() => countSockets(cell.initPid)),
    });
  }
}
process.stdout.write(JSON.stringify({ ours, ss, costs }));
process.exit(0);

/** CPU time of this process, all threads, for one call. */
async function cpuMs(work: () => unknown, times = 200): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i += 1) await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / times;
}
