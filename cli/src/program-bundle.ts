import type { Command } from "commander";
import { z } from "zod";
import type { Context } from "./context.ts";
import { optionsOf, wholeNumber, type Act } from "./program-options.ts";

/** Commands about sealed bundles: what others check without this machine. */
export function bundleCommands(program: Command, context: Context, act: Act): void {
  const bundle = program
    .command("bundle")
    .summary("seal evidence into a file, and check one")
    .description("Writes and checks bundles: the signed evidence and verdicts of one attempt in one file.");
  bundle
    .command("export")
    .argument("<trial>", "id of the trial")
    .option("--attempt <n>", "which attempt (default: the newest that is sealed)", wholeNumber(1))
    .option("--out <file>", "where to (default: TRIAL-ATTEMPT.bundle.json here)")
    .option("--no-objects", "leave out whole answers and messages, which the records name by digest")
    .description(
      "Writes the bundle of a sealed attempt, out of the journal. An existing file is left as it is.",
    )
    .addHelpText("after", "\nExample:\n  redline bundle export demo-k3v9-001 --out evidence.json")
    .action((id: string, _, command: Command) =>
      act(async () => {
        const options = optionsOf(command, {
          attempt: z.number().optional(),
          out: z.string().optional(),
          objects: z.boolean(),
        });
        const { bundleExport } = await import("./commands/bundle-export.ts");
        return bundleExport(context, id, options);
      }),
    );
  bundle
    .command("verify")
    .argument("<file>", "a bundle")
    .option("--coordinator-key <key>", "the coordinator's key: its coordinator.pub, or sha256:HEX of it")
    .description(
      "Checks a bundle offline: bytes, keys, signatures, chain, digests, and its verdicts made anew from the evidence. Exit code 1 when something does not hold, or when it is signed by a coordinator that is not known here.",
    )
    .addHelpText(
      "after",
      `
Without --coordinator-key the key is coordinator.pub of --state; with neither, nobody is trusted.

Example:
  redline bundle verify evidence.json --coordinator-key coordinator.pub`,
    )
    .action((file: string, _, command: Command) =>
      act(async () => {
        const options = optionsOf(command, { coordinatorKey: z.string().optional() });
        const { bundleVerify } = await import("./commands/bundle-verify.ts");
        return bundleVerify(context, file, options);
      }),
    );

  program
    .command("adjudicate")
    .summary("make verdicts anew from a bundle")
    .argument("<file>", "a bundle")
    .option("--profile <profile>", "strict, pan2024, or claims with commas between (default: as sealed)")
    .description("Makes the verdicts anew from the records of a bundle alone, and says why for every claim.")
    .addHelpText(
      "after",
      `
Examples:
  redline adjudicate evidence.json --profile strict
  redline adjudicate evidence.json --profile process,port,own-bytes`,
    )
    .action((file: string, _, command: Command) =>
      act(async () => {
        const options = optionsOf(command, { profile: z.string().optional() });
        const { adjudicateFile } = await import("./commands/adjudicate-file.ts");
        return adjudicateFile(context, file, options);
      }),
    );
}
