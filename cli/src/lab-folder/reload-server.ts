import { readFile } from "node:fs/promises";
import type { LabFile } from "@redline/daemon";
import { readIfThere } from "./keep-file.ts";

/** Whether the server was told to read its configuration again, and by which process id. */
export type Reloaded = { readonly told: true; readonly pid: number } | { readonly told: false };

/** Sends SIGHUP to the nats-server whose id is in the lab's pid file; a number that belongs to something else by now is left alone. */
export async function reloadServer(lab: LabFile): Promise<Reloaded> {
  const { pidFile } = lab.bus;
  const text = pidFile === null ? null : await readIfThere(pidFile);
  const pid = Number(text?.trim() ?? "");
  if (!Number.isSafeInteger(pid) || pid <= 1) return { told: false };
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  if (!command.split("\0").some((part) => /(^|\/)nats-server$/.test(part))) return { told: false };
  try {
    process.kill(pid, "SIGHUP");
  } catch {
    return { told: false };
  }
  return { told: true, pid };
}

/** What a person types where the server runs elsewhere. */
export const RELOAD_BY_HAND =
  "make the server read nats.conf: `nats-server --signal reload` or `systemctl reload nats-server` on its machine, " +
  "`docker compose -f deploy/compose/compose.yaml kill -s HUP nats` for the compose file; copy nats.conf there first";
