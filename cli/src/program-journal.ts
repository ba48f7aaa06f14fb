import type { Command } from "commander";
import { z } from "zod";
import type { Context } from "./context.ts";
import { optionsOf, wholeNumber, type Act } from "./program-options.ts";

const WHY = ["--why <text>", "reason, kept in the journal"] as const;
const signed = { why: z.string() };
const LIST_LIMIT = 50;

/** Commands about journals: check, back up, restore, move a study. They join the noun `study`: to be called after those that make it. */
export function journalCommands(program: Command, context: Context, act: Act): void {
  const journal = program
    .command("journal")
    .summary("check, back up and restore journals, move studies")
    .description("Checks, exports and imports journals, and shows what a coordinator set aside.");
  journal
    .command("verify")
    .argument("[path]", "an export, or a journal.jsonl (default: that of --state, --url or --socket)")
    .option("--live", "ask the running lab instead of reading its file", false)
    .option("--no-objects", "leave objects out")
    .description(
      "Checks the coordinator's chain, every node's chain inside it, every attempt's own chain, verdicts, and the digests of objects; exit code 1 when something does not hold.",
    )
    .addHelpText(
      "after",
      "\nExamples:\n  redline journal verify --state .redline/latest\n  redline journal verify backup.tar",
    )
    .action((path: string | undefined, _, command: Command) =>
      act(async () => {
        const options = optionsOf(command, { live: z.boolean(), objects: z.boolean() });
        const { journalVerify } = await import("./commands/journal-verify.ts");
        return journalVerify(context, { ...options, path });
      }),
    );
  journal
    .command("export")
    .argument("<file>", "where to; an existing file is left as it is")
    .option("--study <id>", "only this study, for another lab")
    .option("--no-objects", "leave objects out")
    .description(
      "Writes the journal up to now into one tar file with a digest of everything in it, while the coordinator runs. Keys are not in it.",
    )
    .addHelpText(
      "after",
      "\nExamples:\n  redline journal export backup.tar --socket http.sock\n  redline journal export demo.tar --study demo-k3v9",
    )
    .action((file: string, _, command: Command) =>
      act(async () => {
        const options = optionsOf(command, { study: z.string().optional(), objects: z.boolean() });
        const { journalExport } = await import("./journal/move-commands.ts");
        return journalExport(context, file, options);
      }),
    );
  journal
    .command("import")
    .argument("<file>", "an export")
    .option("--into <dir>", "restore a whole journal into this empty folder, as a coordinator's state folder")
    .option(...WHY, "imported by hand")
    .description(
      "Checks an export, then restores it into an empty folder (--into), or takes the study of it into a running lab. Nothing is written when something does not hold.",
    )
    .addHelpText(
      "after",
      `
A study that was moved out of its lab goes on here; of one that was not, a copy to read is taken.

Examples:
  redline journal import backup.tar --into /srv/redline/coordinator
  redline journal import demo.tar --url http://127.0.0.1:8770`,
    )
    .action((file: string, _, command: Command) =>
      act(async () => {
        const options = optionsOf(command, { ...signed, into: z.string().optional() });
        const { journalImport } = await import("./journal/move-commands.ts");
        return journalImport(context, file, options);
      }),
    );
  journal
    .command("prune")
    .requiredOption("--study <id>", "a study that is over")
    .requiredOption(...WHY)
    .description(
      "Removes the objects of a study (whole answers, messages); its records and verdicts stay. Cannot be undone.",
    )
    .addHelpText("after", '\nExample:\n  redline journal prune --study demo-k3v9 --why "the disk is full"')
    .action((_, command: Command) =>
      act(async () => {
        const options = optionsOf(command, { ...signed, study: z.string() });
        const { journalPrune } = await import("./journal/move-commands.ts");
        return journalPrune(context, options);
      }),
    );
  journal
    .command("set-aside")
    .option("--limit <n>", "most entries to show, 0 for all", wholeNumber(0), LIST_LIMIT)
    .description(
      "Lists what the coordinator could not read or did not take, with the reason: records, commands, objects.",
    )
    .addHelpText("after", "\nExample:\n  redline journal set-aside --state .redline/latest")
    .action((_, command: Command) =>
      act(async () => {
        const options = optionsOf(command, { limit: z.number() });
        const { journalSetAside } = await import("./journal/set-aside-lines.ts");
        return journalSetAside(context, options);
      }),
    );

  const study = program.commands.find((command) => command.name() === "study") ?? program.command("study");
  study
    .command("move-out")
    .argument("<study>", "id of the study")
    .requiredOption(...WHY)
    .description(
      "Ends a study in this lab so that it can go on in another: cells are ended, nothing more is placed. Cannot be undone; exit code 4 when a node did not answer.",
    )
    .addHelpText("after", '\nExample:\n  redline study move-out demo-k3v9 --why "goes on at the other site"')
    .action((id: string, _, command: Command) =>
      act(async () => {
        const { studyMoveOut } = await import("./journal/move-commands.ts");
        return studyMoveOut(context, id, optionsOf(command, signed));
      }),
    );
}
