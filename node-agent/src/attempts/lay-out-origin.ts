import type { SshSession } from "../ssh/ssh-session.ts";
import type { PartContext } from "./device-part.ts";
import { layFiles } from "./lay-files.ts";
import { layObstacles } from "./lay-obstacles.ts";

type Context = Pick<PartContext, "order" | "signal">;
type Session = Pick<SshSession, "exec">;

/** As the agent sees it: below its home. */
const PASSPHRASE_FILE = "passphrase.txt";

/** What a scenario puts into the origin's home, before anything of the specimen runs there. Without a target that is its home too. */
export function layOutOrigin(
  { order, signal }: Context,
  session: Session,
  passphrase: string | null,
): Promise<void> {
  const { shape, files } = order.scenario;
  const own = files.filter(({ device }) => device === "origin" || shape === "local-copy");
  const given = passphrase === null ? [] : [{ path: PASSPHRASE_FILE, text: `${passphrase}\n` }];
  return layFiles(session, [...own, ...given], signal);
}

/** Where the copy is to come up beside the original; once that one is up, and before the baseline. */
export async function layObstaclesOfOrigin({ order, signal }: Context, session: Session): Promise<void> {
  const { shape, obstacles } = order.scenario;
  if (shape === "local-copy") await layObstacles(session, obstacles, signal);
}
