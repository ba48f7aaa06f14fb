import type { Loaded } from "../source/choose-source.ts";
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
