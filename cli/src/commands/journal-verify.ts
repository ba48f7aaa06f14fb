import { terminalLine } from "@redline/shared";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { createApiClient } from "../source/api-client.ts";
import { addressOf, journalFileOf, type SourceOptions } from "../source/choose-source.ts";
import { HeldLines } from "../source/held-lines.ts";
import { listed } from "../source/record-checks.ts";
import { JournalVerifier, type ChainReport, type VerdictReport } from "../source/verify-journal.ts";
import { safeJson } from "../terminal/safe-json.ts";

/**
 * `redline journal verify`: the coordinator's chain, inside it the chain of every node, the verdicts recomputed from
 * the evidence, and, from a state folder, the nodes' own journals against what the coordinator holds of them.
 */
export async function journalVerify(
  { terminal: { out }, cwd }: Context,
  options: SourceOptions & { json: boolean },
): Promise<ExitCode> {
  const { source, torn, chains, verdicts, empty } = await verified(options, cwd);
  const ok = !empty && verdicts.ok && chains.every((chain) => chain.ok);
  if (options.json)
    out.line(
      safeJson(
        { as_of: new Date().toISOString(), source, ok, empty, torn: torn !== "", chains, verdicts },
        2,
      ),
    );
  else {
    out.line(`journal ${terminalLine(source, 500)}`);
    if (!empty) {
      for (const chain of chains) out.line(`  ${chainText(chain)}`);
      out.line(`  ${verdictText(verdicts)}`);
    }
    if (torn !== "")
      out.line(
        `  the last line is not whole (${torn.length} characters): a write was under way or was cut off; it counts for nothing`,
      );
    if (empty) out.line(out.paint.bad("empty: nothing to verify"));
    else out.line(ok ? out.paint.good("verified") : out.paint.bad("NOT verified"));
  }
  return ok ? EXIT.done : EXIT.unexpected;
}

function chainText(chain: ChainReport): string {
  const name = terminalLine(chain.name);
  if (!chain.ok) return `${name}: broken at ${terminalLine(chain.at)}: ${terminalLine(chain.why)}`;
  const held = chain.held === undefined ? "" : `, the ${chain.held} that the coordinator holds are the same`;
  return `${name}: ${chain.records} records, head ${chain.head}${held}`;
}

const verdictText = ({ ok, checked, different }: VerdictReport) =>
  ok
    ? `verdicts: ${checked} recomputed from the evidence, all the same`
    : `verdicts: ${checked} recomputed from the evidence, which gives others for ${terminalLine(listed(different), 2000)}`;

/** Reads the whole journal once, from the file or from the API, without keeping it. */
async function verified(options: SourceOptions, cwd: string) {
  const held = new HeldLines();
  const address = addressOf(options);
  if (address === null) {
    const verifier = new JournalVerifier((record) => held.take(record));
    const source = await journalFileOf(options, cwd);
    const { readJournalLines } = await import("@redline/daemon");
    const { torn } = await readJournalLines(source, (line) => verifier.take(line));
    return found(verifier, source, torn, await held.compare(source));
  }
  const verifier = new JournalVerifier();
  const client = createApiClient(address);
  for (;;) {
    const reply = await client.journal(verifier.lines, 0);
    for (const line of reply.lines) verifier.take(line);
    if (reply.lines.length === 0 || verifier.lines >= reply.head) break;
  }
  return found(verifier, client.name, "", []);
}

const found = (verifier: JournalVerifier, source: string, torn: string, own: readonly ChainReport[]) => ({
  source,
  torn,
  chains: [...verifier.reports(), ...own],
  verdicts: verifier.verdicts(),
  empty: verifier.lines === 0,
});
