import { Command, Option } from "commander";
import type { Context } from "./context.ts";
import { EXIT } from "./exit-codes.ts";
import type { Act } from "./program-options.ts";
import { agentCommands } from "./program-agent.ts";
import { bundleCommands } from "./program-bundle.ts";
import { checkCommands } from "./program-check.ts";
import { controlsCommands } from "./program-controls.ts";
import { importCommands } from "./program-import.ts";
import { labFolderCommands } from "./program-lab-folder.ts";
import { journalCommands } from "./program-journal.ts";
import { killCommands } from "./program-kill.ts";
import { oversightCommands } from "./program-oversight.ts";
import { runCommands } from "./program-run.ts";
import { scenarioCommands } from "./program-scenario.ts";
import { transcriptCommands } from "./program-transcript.ts";
import { trialCommands } from "./program-trial.ts";

/**
 * The command line. Options of the root are understood before and after a subcommand. Commands are
 * loaded when they are called: `--help` and usage errors need none of them.
 */
export function buildProgram(context: Context, act: Act): Command {
  const { out, err } = context.terminal;
  const program = new Command("redline")
    .description("Runs self-replication trials inside contained cells and says with evidence what came up.")
    .version(context.version, "-V, --version")
    .exitOverride()
    .configureOutput({ writeOut: (text) => out.write(text), writeErr: (text) => err.write(printable(text)) })
    .configureHelp({ showGlobalOptions: true })
    .option("--url <url>", "coordinator's API, http://HOST:PORT; those of a pair comma separated")
    .option("--socket <path>", "coordinator's API, a Unix socket")
    .addOption(new Option("--token-file <file>", "file with the token for --url").env("REDLINE_TOKEN_FILE"))
    .option("--insecure-token", "sends the token without TLS to other machines too", false)
    .option("--state <dir>", "state folder of a run (default: the newest below .redline)")
    .option("--json", "data for programs on stdout", false)
    .option("--no-color", "no colour (also NO_COLOR; FORCE_COLOR turns it on)")
    .showHelpAfterError("(--help says more)")
    .addHelpText("after", HELP);
  runCommands(program, context, act);
  killCommands(program, context, act);
  trialCommands(program, context, act);
  labFolderCommands(program, context, act);
  controlsCommands(program, context, act);
  checkCommands(program, context, act);
  oversightCommands(program, context, act);
  transcriptCommands(program, context, act);
  agentCommands(program, context, act);
  importCommands(program, context, act);
  scenarioCommands(program, context, act);
  bundleCommands(program, context, act);
  journalCommands(program, context, act);
  return program;
}

const HELP = `
Examples:
  redline demo                            the control study in a lab on this host
  redline study check studies/demo.yaml   all mistakes of a study file at once
  redline run studies/demo.yaml           a study, from lab to verdict table
  redline trial list                      trials of the newest run
  redline trial show TRIAL                a verdict with its evidence
  redline controls run                    how right the instrument is, by known cases
  redline trial read TRIAL                what its agent said and did (advice, no verdict)
  redline oversee                         answer the questions of an approval policy
  redline agent chat --brain weights      an agent by hand, in a cell
  redline import FILE                     a foreign trajectory, scored as far as it can be
  redline bundle export TRIAL             its signed evidence in one file
  redline journal export FILE             a back-up of a lab, while it runs
  redline node selftest --all             try to get out of the nodes' cells
  redline init lab --nodes a,b            a lab of machines: keys, certificates, settings
  redline stop --all                      end every cell of every node
  redline kill                            the same without the coordinator

Exit codes (verdicts do not set them):
  ${EXIT.done}    done
  ${EXIT.unexpected}    unexpected, a control verdict that is not the known right one, or a bundle that does not hold
  ${EXIT.usage}    usage or config
  ${EXIT.infra}    more infra faults than the study allows, or trials that fit no node
  ${EXIT.notSterile}    not sterile: a breach, something that could not be proved gone, or a self-test that is not green
  ${EXIT.unreachable}    coordinator unreachable
  ${EXIT.interrupted}  interrupted`;

/** What a person typed comes back in error messages; it may have been pasted from anywhere. */
const printable = (text: string) =>
  text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    "\u00b7",
  );
