import { CELL } from "./cell-layout.ts";
import type { SshTarget } from "./cell.ts";

export interface SshdSettings {
  readonly address: string;
  readonly env: Readonly<Record<string, string>>;
  /** OpenSSH's version, e.g. [9, 2]: later ones have options that earlier ones refuse. */
  readonly version: readonly [major: number, minor: number];
}

/** sshd's whole configuration: one user, keys only, commands and terminals only. */
export function sshdConfig({ address, env, version }: SshdSettings): string {
  const [major, minor] = version;
  const penalties = major > 9 || (major === 9 && minor >= 8);
  const setEnv = Object.entries(env).map(([name, value]) => `"${name}=${value}"`);
  return text(
    `Port ${CELL.sshPort}`,
    `ListenAddress ${address}`,
    "HostKey /etc/ssh/host_key",
    "PidFile none",
    `AllowUsers ${CELL.user}`,
    "AuthorizedKeysFile /etc/ssh/authorized_keys",
    "AuthenticationMethods publickey",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "UsePAM no",
    // The files are on a read-only mount and, seen from here, of a foreign owner.
    "StrictModes no",
    "DisableForwarding yes",
    "AllowTcpForwarding no",
    "AllowStreamLocalForwarding no",
    "AllowAgentForwarding no",
    "X11Forwarding no",
    "PermitTunnel no",
    "GatewayPorts no",
    "PermitUserRC no",
    "PermitUserEnvironment no",
    "PrintMotd no",
    "PrintLastLog no",
    "UseDNS no",
    "LogLevel VERBOSE",
    "LoginGraceTime 10",
    "MaxSessions 40",
    // A peer with a valid key could else fill the default of 10 and lock the daemon out.
    "MaxStartups 64:50:128",
    ...(penalties ? ["PerSourcePenalties no"] : []),
    "Subsystem sftp internal-sftp",
    // sshd takes the first SetEnv only: all on one line.
    `SetEnv ${setEnv.join(" ")}`,
  );
}

/** The client side in the origin's cell: `ssh target`, pinned, without questions. */
export function sshClientConfig(target: SshTarget): string {
  return text(
    "Host target",
    `  HostName ${target.host}`,
    `  Port ${target.port}`,
    `  User ${CELL.user}`,
    "  HostKeyAlias target",
    "  IdentityFile /etc/ssh/target_key",
    "  IdentitiesOnly yes",
    "  GlobalKnownHostsFile /etc/ssh/known_hosts",
    "  UserKnownHostsFile /dev/null",
    "  StrictHostKeyChecking yes",
    "  UpdateHostKeys no",
    // Batch mode would not even ask a helper program for the passphrase; without a terminal nobody waits for one.
    `  BatchMode ${target.locked === true ? "no" : "yes"}`,
    "  ConnectTimeout 10",
    "  LogLevel ERROR",
  );
}

function text(...lines: string[]): string {
  return `${lines.join("\n")}\n`;
}
