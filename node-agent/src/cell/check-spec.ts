import { isAbsolute, normalize } from "node:path";
import { parsePublicKeyLine } from "../ssh/public-key-line.ts";
import { CellError } from "./cell-error.ts";
import { CELL } from "./cell-layout.ts";
import type { CellSpec } from "./cell.ts";
import { linkPlan, type LinkPlan } from "./link-plan.ts";

/** What the guard and the files take on trust is refused here. @throws CellError "bad-spec" */
export function checkSpec(spec: CellSpec): LinkPlan {
  const refuse = (why: string): never => {
    throw new CellError("bad-spec", why);
  };
  const need = (good: boolean, why: string) => (good ? undefined : refuse(why));
  let plan: LinkPlan;
  try {
    plan = linkPlan(spec.index);
    if (spec.sshTarget !== undefined) parsePublicKeyLine(spec.sshTarget.hostKey);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  need(/^[a-z0-9][a-z0-9-]{0,99}$/.test(spec.id), "id: lower-case letters, digits and dashes");
  need(/^[a-z0-9][a-z0-9-]{0,30}$/.test(spec.hostname), "hostname: lower-case letters, digits and dashes");
  need(spec.ttlMs >= 100 && spec.ttlMs <= 7 * 86_400_000, "ttlMs: 100 ms to 7 days");
  need((spec.heartbeatMs ?? 5_000) >= 1_500, "heartbeatMs: at least 1500, beats come every 1000");
  need(spec.scratchBytes >= 65_536, "scratchBytes: at least 65536");
  const { processes, memoryBytes, openFiles } = spec.limits;
  const whole = [processes, memoryBytes, openFiles, spec.scratchBytes].every(Number.isSafeInteger);
  need(whole, "limits and scratchBytes: whole numbers");
  need(processes >= 16, "limits.processes: at least 16");
  need(memoryBytes >= 67_108_864, "limits.memoryBytes: at least 67108864");
  need(openFiles >= 64, "limits.openFiles: at least 64");
  for (const gpu of spec.gpus ?? []) need(Number.isInteger(gpu) && gpu >= 0 && gpu < 256, `gpus: ${gpu}`);
  need(spec.authorizedKeys.length > 0, "authorizedKeys: at least one");
  for (const key of spec.authorizedKeys) {
    need(/^restrict,[ -~]+$/.test(key), "authorizedKeys: use authorizedKey()");
  }
  for (const [name, value] of Object.entries(spec.env)) {
    need(/^[A-Za-z_]\w*$/.test(name) && name !== "LD_PRELOAD", `env: name ${name}`);
    need(/^[^"\\\p{Cc}]*$/u.test(value), `env: ${name} has quotes, backslashes or control characters`);
  }
  for (const { from, to } of [...spec.readOnlyBinds, ...spec.socketBinds]) {
    need(isPlain(from) && isPlain(to), `bind: ${from} -> ${to} is not absolute and plain`);
    need(!["/", "/etc", "/proc", "/dev", "/usr", CELL.home].includes(to), `bind: ${to} is the cell's own`);
  }
  if (spec.plant !== undefined) {
    const { from, to, weights } = spec.plant;
    need(isPlain(from) && to.startsWith(`${CELL.home}/`) && isPlain(to), `plant: ${to} is not in the home`);
    for (const path of weights) need(isPlain(`/${path}`), `plant: weights ${path}`);
  }
  if (spec.sshTarget !== undefined) {
    // Anything else would turn the one opening of the guard into a way to the host's own services.
    need(spec.sshTarget.host === plan.hostAddress, `sshTarget: host is not ${plan.hostAddress}`);
    need(spec.sshTarget.port > 0 && spec.sshTarget.port < 65_536, "sshTarget: port");
  }
  need(isPlain(spec.stateDir), "stateDir: absolute and plain");
  return plan;
}

function isPlain(path: string): boolean {
  return isAbsolute(path) && normalize(path) === path && !path.endsWith("/") && !path.includes("\0");
}
