import { terminalLine } from "@redline/shared";
import type { Loaded } from "../source/choose-source.ts";
import type { Output } from "../terminal/output.ts";
import { safeJson } from "../terminal/safe-json.ts";

/** `--json` of the reading commands: when and from where, then the data. */
export function envelope({ asOf, source, state }: Loaded, data: object): string {
  return safeJson(
    {
      as_of: asOf.toISOString(),
      source,
      journal: { records: state.head.seq, head: state.head.hash },
      ...data,
    },
    2,
  );
}

/** One line where the journal that something is shown from does not hold. */
export function warnOfDoubt({ doubt }: Loaded, err: Output): void {
  if (doubt !== null)
    err.line(`${err.paint.unsure("warning:")} ${terminalLine(doubt, 1500)} (see: journal verify)`);
}
