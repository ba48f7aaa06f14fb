import type { Command } from "commander";
import { z } from "zod";
import type { Context } from "./context.ts";
import { optionsOf, type Act } from "./program-options.ts";

const WHY = "reason, kept in the journal";
const each = (value: string, before: readonly string[]) => [...before, value];

/** What people do to studies and trials that run. After the commands that read: it adds to `study` and `trial`. */
export function oversightCommands(program: Command, context: Context, act: Act): void {
  studyOrders(nounOf(program, "study"), context, act);
  studyStop(nounOf(program, "study"), context, act);
  trialOrders(nounOf(program, "trial"), context, act);
  approvalCommands(program, context, act);
  program
    .command("oversee")
    .argument("[study]", "only this study, until it ends: its name or id")
    .summary("answer what agents ask for at this terminal")
    .description(
      "Follows the journal and asks at the terminal for each action that the study's approval policy wants a person's word for.",
    )
    .addHelpText(
      "after",
      "\nWhat nobody answers in the time of the study's `approvals.askS` is denied. Ctrl-C ends this command and no trial.\n\nExample:\n  redline oversee demo --url http://127.0.0.1:8770",
    )
    .action((study: string | undefined, _, command: Command) =>
      act(async () => {
        const { oversee } = await import("./commands/oversee.ts");
        return oversee(context, { study, ...optionsOf(command) });
      }),
    );
}

function studyOrders(study: Command, context: Context, act: Act): void {
  study
    .command("change")
    .argument("<study>", "its name or id")
    .option("--limit <name=value>", "a limit of attempts that begin from now on; repeatable", each, [])
    .option("--budget <name=value>", "tokens, costUsd or timeS of the whole study; repeatable", each, [])
    .requiredOption("--why <text>", WHY)
    .description(
      "Changes what a running study may use. Attempts that run keep what they began with; a study that its budget paused goes on.",
    )
    .addHelpText(
      "after",
      '\nNames are those of `limits` and `budget` in a study file; the value `none` takes one away.\n\nExample:\n  redline study change demo --limit timeS=300 --budget tokens=100000 --why "the model is slow"',
    )
    .action((name: string, _, command: Command) =>
      act(async () => {
        const list = z.array(z.string());
        const options = optionsOf(command, { limit: list, budget: list, why: z.string() });
        const { studyChange } = await import("./commands/study-change.ts");
        return studyChange(context, { study: name, ...options });
      }),
    );
  for (const what of ["pause", "resume"] as const)
    study
      .command(what)
      .argument("<study>", "its name or id")
      .requiredOption("--why <text>", WHY)
      .description(
        what === "pause"
          ? "Begins no new attempt of a study until it is resumed; attempts that run go on."
          : "Lets a study that a person paused go on.",
      )
      .action((name: string, _, command: Command) =>
        act(async () => {
          const { studyPause, studyResume } = await import("./commands/study-pause.ts");
          const options = { study: name, ...optionsOf(command, { why: z.string() }) };
          return what === "pause" ? studyPause(context, options) : studyResume(context, options);
        }),
      );
}

function studyStop(study: Command, context: Context, act: Act): void {
  study
    .command("stop")
    .argument("<study>", "its name or id")
    .requiredOption("--why <text>", WHY)
    .description(
      "Ends what runs of a study and cancels the rest; other studies go on. Exit code 4 when a node did not confirm.",
    )
    .action((name: string, _, command: Command) =>
      act(async () => {
        const { studyStop: stop } = await import("./commands/study-stop.ts");
        return stop(context, { study: name, ...optionsOf(command, { why: z.string() }) });
      }),
    );
}

function trialOrders(trial: Command, context: Context, act: Act): void {
  const order = (name: string, text: string) =>
    trial
      .command(name)
      .argument("<trial>", "id of the trial")
      .requiredOption("--why <text>", WHY)
      .description(text);
  order("pause", "The agent gets no answer of its brain until it is resumed; that is not agent time.").action(
    (id: string, _, command: Command) =>
      act(async () => {
        const { trialPause } = await import("./commands/trial-pause.ts");
        return trialPause(context, { trial: id, ...optionsOf(command, { why: z.string() }) });
      }),
  );
  order("resume", "Lets a paused agent go on.").action((id: string, _, command: Command) =>
    act(async () => {
      const { trialResume } = await import("./commands/trial-resume.ts");
      return trialResume(context, { trial: id, ...optionsOf(command, { why: z.string() }) });
    }),
  );
  order(
    "stop",
    "Ends this trial alone, without a verdict. Exit code 4 when a node did not confirm that nothing of it runs.",
  ).action((id: string, _, command: Command) =>
    act(async () => {
      const { trialStop } = await import("./commands/trial-stop.ts");
      return trialStop(context, { trial: id, ...optionsOf(command, { why: z.string() }) });
    }),
  );
  order(
    "message",
    "Puts a text to the running agent as a message of its operator; marks the trial as interfered with.",
  )
    .argument("<text>", "the message")
    .addHelpText(
      "after",
      '\nExample:\n  redline trial message demo-k3v9-001 "Leave port 80 alone." --why "in use"',
    )
    .action((id: string, text: string, _, command: Command) =>
      act(async () => {
        const { trialMessage } = await import("./commands/trial-message.ts");
        return trialMessage(context, { trial: id, text, ...optionsOf(command, { why: z.string() }) });
      }),
    );
}

function approvalCommands(program: Command, context: Context, act: Act): void {
  const approval = program
    .command("approval")
    .summary("what agents may do only with a person's word")
    .description("Questions of studies' approval policies that wait for a person.")
    .addHelpText("after", '\nExample:\n  redline approval deny demo-k3v9-001.1.q2 --why "not on this host"');
  approval
    .command("list", { isDefault: true })
    .description("What waits for an answer, the oldest first.")
    .action((_, command: Command) =>
      act(async () => {
        const { approvalList } = await import("./commands/approval-list.ts");
        return approvalList(context, optionsOf(command));
      }),
    );
  const decide = (what: string, text: string) =>
    approval
      .command(what)
      .argument("<id>", "id of the question, as `approval list` gives it")
      .requiredOption("--why <text>", WHY)
      .description(text);
  decide("allow", "Lets the action pass.")
    .option("--all-seen", "allow it although `approval list` does not show all of it", false)
    .action((id: string, _, command: Command) =>
      act(async () => {
        const { approvalDecide } = await import("./commands/approval-decide.ts");
        const options = optionsOf(command, { why: z.string(), allSeen: z.boolean() });
        return approvalDecide(context, { id, allow: true, ...options });
      }),
    );
  decide("deny", "Denies the action; the agent is told.").action((id: string, _, command: Command) =>
    act(async () => {
      const { approvalDecide } = await import("./commands/approval-decide.ts");
      const options = optionsOf(command, { why: z.string() });
      return approvalDecide(context, { id, allow: false, allSeen: false, ...options });
    }),
  );
}

/** The command of a noun, which others have made. */
const nounOf = (program: Command, noun: string): Command =>
  program.commands.find((command) => command.name() === noun) ?? program.command(noun);
