import { terminalLine } from "@redline/shared";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { orderedBy } from "../run/order-stop.ts";
import { headOf, stopTimes } from "../run/stop-times.ts";
import { liveClient, type SourceOptions } from "../source/choose-source.ts";
import { duration } from "../terminal/duration.ts";
import { safeJson } from "../terminal/safe-json.ts";

/** `redline stop --all`: ends every cell of every node and says which nodes confirmed it. */
export async function stopAll(
  { terminal: { out, err }, cwd }: Context,
  options: SourceOptions & { json: boolean; all: boolean; why: string },
): Promise<ExitCode> {
  if (!options.all)
    throw new CliError(EXIT.usage, "stop ends every cell of every node; say so with --all", {
      remedy: "redline stop --all",
    });
  const client = await liveClient(options, cwd);
  err.line(`stopping: ending every cell of every node of ${terminalLine(client.name)}`);
  // Beside the order, never before it.
  const head = headOf(client);
  const reply = await client.stop({ who: orderedBy(), why: options.why.slice(0, 300) });
  const times = await stopTimes(client, await head, reply.stopped);
  if (options.json)
    out.line(
      safeJson({ as_of: new Date().toISOString(), coordinator: client.name, ...reply, emptied: times }, 2),
    );
  else {
    out.line(`nothing runs on: ${terminalLine(reply.stopped.join(" "), 2000) || "(no node confirmed)"}`);
    for (const { node, cells, tookMs } of times.filter((time) => time.cells > 0))
      out.line(`  ${node}: ${cells === 1 ? "1 cell" : `${cells} cells`} ended in ${duration(tookMs)}`);
    out.line(`trials cancelled: ${reply.cancelledTrials}`);
    if (reply.silent.length > 0)
      out.line(
        out.paint.bad(`did not confirm: ${terminalLine(reply.silent.join(" "), 2000)}; look at these nodes`),
      );
  }
  return reply.silent.length > 0 ? EXIT.notSterile : EXIT.done;
}
