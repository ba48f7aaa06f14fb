import { terminalLine } from "@redline/shared";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { createApiClient } from "../source/api-client.ts";
import { addressOf, journalFileOf, type SourceOptions } from "../source/choose-source.ts";
import { JournalVerifier, type ChainReport } from "../source/verify-journal.ts";
import { safeJson } from "../terminal/safe-json.ts";

/** `redline journal verify`: the coordinator's chain and, inside it, the chain of every node. */
export async function journalVerify(
  { terminal: { out }, cwd }: Context,
  options: SourceOptions & { json: boolean },
): Promise<ExitCode> {
  const { source, torn, chains } = await verified(options, cwd);
  const ok = chains.every((chain) => chain.ok);
  if (options.json)
    out.line(safeJson({ as_of: new Date().toISOString(), source, ok, torn: torn !== "", chains }, 2));
  else {
    out.line(`journal ${terminalLine(source, 500)}`);
    for (const chain of chains) out.line(`  ${chainText(chain)}`);
    if (torn !== "")
      out.line(
        `  the last line is not whole (${torn.length} characters): a write was under way or was cut off; it counts for nothing`,
      );
    out.line(ok ? out.paint.good("verified") : out.paint.bad("NOT verified"));
  }
  return ok ? EXIT.done : EXIT.unexpected;
}

const chainText = (chain: ChainReport) =>
  chain.ok
    ? `${chain.name}: ${chain.records} records, head ${chain.head}`
    : `${chain.name}: broken at ${chain.at}: ${terminalLine(chain.why)}`;

/** Reads the whole journal once, from the file or from the API, without keeping it. */
async function verified(options: SourceOptions, cwd: string) {
  const verifier = new JournalVerifier();
  const address = addressOf(options);
  if (address === null) {
    const source = await journalFileOf(options, cwd);
    const { readJournalLines } = await import("@redline/daemon");
    const { torn } = await readJournalLines(source, (line) => verifier.take(line));
    return { source, torn, chains: verifier.reports() };
  }
  const client = createApiClient(address);
  let taken = 0;
  for (;;) {
    const reply = await client.journal(taken, 0);
    for (const line of reply.lines) verifier.take(line);
    taken += reply.lines.length;
    if (reply.lines.length === 0 || taken >= reply.head) break;
  }
  return { source: client.name, torn: "", chains: verifier.reports() };
}
