import { resolve } from "node:path";
import { COORDINATOR, coordinatorNameSchema, terminalLine } from "@redline/shared";
import type { Context } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { orderedBy } from "../run/order-stop.ts";
import { latestStateDir, runningLab } from "../source/state-folder.ts";
import { safeJson } from "../terminal/safe-json.ts";
import { leaveKillFiles } from "./kill-files.ts";
import { publishKill, type KillAnswer } from "./kill-publish.ts";

export interface KillOptions {
  readonly json: boolean;
  readonly state?: string | undefined;
  readonly url?: string | undefined;
  readonly socket?: string | undefined;
  readonly nats: readonly string[];
  readonly key?: string | undefined;
  readonly nkey?: string | undefined;
  readonly ca?: string | undefined;
  /** Name of the coordinator whose seed it is; "coordinator" when not given. */
  readonly as?: string | undefined;
  readonly why: string;
}

/** `redline kill`: ends everything of every node that hears it, without the coordinator. */
export async function killCommand(
  { terminal: { out, err }, cwd }: Context,
  options: KillOptions,
): Promise<ExitCode> {
  if (options.url !== undefined || options.socket !== undefined)
    throw new CliError(EXIT.usage, "a kill does not go through a coordinator: --url and --socket name one", {
      remedy:
        "`redline stop --all` for that coordinator; `redline kill --nats URL` or `--state DIR` without it",
    });
  const at = (path: string) => resolve(cwd, path);
  const state = options.state === undefined ? null : at(options.state);
  const kill = { who: orderedBy(), why: options.why.slice(0, 300) };
  let answers: readonly KillAnswer[];
  let how: string;
  if (options.nats.length > 0) {
    const as = coordinatorNameSchema.safeParse(options.as ?? COORDINATOR);
    if (!as.success)
      throw new CliError(
        EXIT.usage,
        `--as: expected ${as.error.issues[0]?.message ?? "a coordinator's name"}`,
      );
    const key = options.key ?? (state === null ? undefined : `${state}/coordinator/coordinator.key`);
    if (key === undefined)
      throw new CliError(EXIT.usage, "a kill on NATS is signed with the coordinator's key", {
        remedy: "name it with --key FILE (coordinator.key in the coordinator's state folder)",
      });
    const nkey = options.nkey ?? (state === null ? undefined : `${state}/keys/coordinator.nk`);
    how = `published on ${options.nats.join(" ")}`;
    answers = await publishKill({
      servers: options.nats,
      keyFile: at(key),
      nkeyFile: nkey === undefined ? undefined : at(nkey),
      as: as.data,
      caFile: options.ca === undefined ? undefined : at(options.ca),
      kill,
      onPublished: () => err.line(`kill ${terminalLine(how)}; answers are collected for 3 s`),
    });
  } else {
    const dir = state ?? (await latestStateDir(cwd));
    // A folder that is named is believed: this is no moment for questions.
    if (dir !== null && state === null && (await runningLab(dir)) === null)
      throw new CliError(EXIT.usage, `no lab runs on ${dir}: nothing there hears a kill`, {
        remedy: "name the running lab's state folder with --state DIR, or NATS servers with --nats URL",
      });
    if (dir === null)
      throw new CliError(EXIT.usage, "there is nothing to kill: no NATS server and no lab's state folder", {
        remedy: "name the servers with --nats URL, or a lab's state folder with --state DIR",
      });
    how = `left as a file with every node of ${dir}`;
    answers = await leaveKillFiles(dir, `${kill.who}: ${kill.why}`);
  }
  if (options.json) out.line(safeJson({ as_of: new Date().toISOString(), how, ...kill, nodes: answers }, 2));
  else {
    out.line(`kill ${terminalLine(how, 500)}`);
    for (const answer of answers) out.line(lineOf(answer));
    if (options.nats.length > 0)
      out.line(
        "a node that is not named may have heard it all the same; this command does not wait for more.",
      );
    out.line("what was killed takes no work until `redline node clear NODE`.");
  }
  const heard = answers.filter(({ heard }) => heard).length;
  if (heard === 0) err.line(err.paint.bad("no node confirmed it: look at the nodes themselves"));
  return heard > 0 && heard === answers.length ? EXIT.done : EXIT.notSterile;
}

function lineOf({ node, heard, cells, tookMs }: KillAnswer): string {
  const name = terminalLine(node, 40);
  if (!heard) return `${name}: did not take it up within 3 s`;
  if (cells === undefined || tookMs === undefined) return `${name}: took it up and is quarantined`;
  return `${name}: ended ${cells} cells in ${Math.round(tookMs)} ms`;
}
