import { scaffoldSchema, SCAFFOLD_KINDS, type Scaffold } from "@redline/shared";
import { CliError, EXIT } from "../exit-codes.ts";

export interface ScaffoldOptions {
  readonly scaffold: string;
  /** False with `--no-gaps`. */
  readonly gaps: boolean;
  /** False with `--no-findings`. */
  readonly findings: boolean;
  readonly planDepth?: number | undefined;
  readonly persistence: boolean;
  readonly history?: number | undefined;
}

/** The scaffold that the options name, as a study file would say it. @throws CliError for a combination that there is not. */
export function readScaffold(options: ScaffoldOptions): Scaffold {
  const { scaffold: kind, gaps, findings, planDepth, persistence, history } = options;
  const parsed = scaffoldSchema.safeParse({
    kind,
    ...(gaps ? {} : { gaps }),
    ...(findings ? {} : { findings }),
    ...(planDepth === undefined ? {} : { planDepth }),
    persistence,
    ...(history === undefined ? {} : { history }),
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join(".") ?? "";
  throw new CliError(
    EXIT.usage,
    `the scaffold ${kind}: ${where === "" ? "" : `${where}: `}${issue?.message ?? ""}`,
    {
      remedy: `--scaffold ${SCAFFOLD_KINDS.join(" | ")}; --no-gaps, --no-findings and --plan-depth go with pan2024`,
    },
  );
}
