import { terminalLine } from "@redline/shared";
import { verifyFile } from "../bundle/read-bundle-file.ts";
import { bundleJson, showBundle } from "../bundle/show-bundle.ts";
import { trustedKey, type TrustedKey, type TrustOptions } from "../bundle/trusted-key.ts";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { safeJson } from "../terminal/safe-json.ts";

/**
 * `redline bundle verify FILE`: everything that a bundle claims, from its bytes alone, and whether its coordinator is the one
 * that you know. Exit code 0 when all of it holds, 1 when something does not or the coordinator's key is not known here.
 */
export async function bundleVerify(
  { terminal: { out }, cwd }: Context,
  file: string,
  options: TrustOptions & { json: boolean },
): Promise<ExitCode> {
  const trusted = await trustedKey(options, cwd);
  const result = await verifyFile(file);
  const found = result.ok
    ? trustOf(result.bundle.coordinatorKeyId, trusted)
    : { ok: false, word: result.word, why: result.why };
  if (options.json) {
    const about = result.ok ? bundleJson(result.bundle) : {};
    out.line(safeJson({ as_of: new Date().toISOString(), file, ...found, ...about }, 2));
  } else {
    out.line(`bundle ${terminalLine(file, 500)}`);
    if (result.ok) for (const line of showBundle(result.bundle, out)) out.line(line);
    const why = terminalLine(found.why, 1500);
    out.line(
      found.ok
        ? `${out.paint.good("verified")}: ${why}`
        : `${out.paint.bad("NOT verified")}: ${found.word}: ${why}`,
    );
  }
  return found.ok ? EXIT.done : EXIT.unexpected;
}

function trustOf(keyId: string, trusted: TrustedKey | null) {
  if (trusted?.keyId === keyId)
    return { ok: true, word: "verified", why: `signed by the coordinator of ${trusted.from}` };
  const all = `everything in it agrees, and it is signed by the key sha256:${keyId}`;
  return trusted === null
    ? {
        ok: false,
        word: "unknown-signer",
        why: `${all}, which is not known to you: compare it with the id of the coordinator's key, or name that with --coordinator-key`,
      }
    : {
        ok: false,
        word: "other-signer",
        why: `${all}, and the coordinator's key is sha256:${trusted.keyId} (${trusted.from}); name another one with --coordinator-key`,
      };
}
