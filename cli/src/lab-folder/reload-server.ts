import { readFile } from "node:fs/promises";
import type { LabFile } from "@redline/daemon";
import { readIfThere } from "./keep-file.ts";

/** Whether a process was told of the change, which one, and what it is. */
export type Reloaded =
  | { readonly told: true; readonly pid: number; readonly program: "nats-server" | "coordinator" }
  | { readonly told: false };

/**
 * Sends SIGHUP to whoever's id is in the lab's pid file: the nats-server, or a coordinator that runs one of its own. A number that
 * belongs to something else by now is left alone.
 */
export async function reloadServer(lab: LabFile): Promise<Reloaded> {
  const { pidFile } = lab.bus;
  const text = pidFile === null ? null : await readIfThere(pidFile);
  const pid = Number(text?.trim() ?? "");
  if (!Number.isSafeInteger(pid) || pid <= 1) return { told: false };
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  const parts = command.split("\0");
  const program = parts.some((part) => /(^|\/)nats-server$/.test(part))
    ? "nats-server"
    : parts.some((part) => part.endsWith("/coordinator/dist/main.js"))
      ? "coordinator"
      : null;
  if (program === null) return { told: false };
  try {
    process.kill(pid, "SIGHUP");
  } catch {
    return { told: false };
  }
  return { told: true, pid, program };
}

/** What a person types where the server runs elsewhere. */
export const RELOAD_BY_HAND =
  "make the server read nats.conf: `nats-server --signal reload` or `systemctl reload nats-server` on its machine, " +
  "`docker compose -f deploy/compose/compose.yaml kill -s HUP nats` for the compose file; copy nats.conf there first";
