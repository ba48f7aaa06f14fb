import { execFileSync } from "node:child_process";

/** Version of the nats-server on this machine, null where there is none to ask. */
export function installedNatsVersion(): string | null {
  try {
    const program = process.env["NATS_SERVER_BIN"] ?? "nats-server";
    const said = execFileSync(program, ["--version"], { encoding: "utf8", timeout: 5000 });
    return /v?(\d+\.\d+\.\d+)/.exec(said)?.[1] ?? null;
  } catch {
    return null;
  }
}
