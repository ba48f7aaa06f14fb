import type { CellTools } from "./cell-tools.ts";
import { CellError } from "./cell-error.ts";
import { runTool } from "./run-tool.ts";

export interface ToolVersions {
  readonly texts: Readonly<Record<string, string>>;
  readonly ssh: readonly [major: number, minor: number];
}

/** Asks the tools for their versions, once a driver. */
export async function toolVersions(tools: CellTools): Promise<ToolVersions> {
  const first = async (path: string, flag: string) => {
    const { stdout, stderr } = await runTool(path, [flag]);
    return `${stdout}\n${stderr}`;
  };
  const [bwrap, sshd, nft] = await Promise.all([
    first(tools.bwrap, "--version"),
    // Older ones know no -V; they print their version with the usage.
    first(tools.sshd, "-V"),
    first(tools.nft, "--version"),
  ]);
  const ssh = /OpenSSH_((\d+)\.(\d+)\S*)/.exec(sshd);
  if (ssh === null) throw new CellError("tool", "sshd does not tell its version");
  return {
    texts: {
      bubblewrap: /\d+\.\d+(\.\d+)?/.exec(bwrap)?.[0] ?? "?",
      openssh: ssh[1]?.replace(/,$/, "") ?? "?",
      nftables: /\d+\.\d+(\.\d+)?/.exec(nft)?.[0] ?? "?",
    },
    ssh: [Number(ssh[2]), Number(ssh[3])],
  };
}
