/** One round of a made-up run, in the words of the published form. */
export interface Round {
  readonly at: string;
  readonly until: string;
  readonly said: string;
  readonly action: string;
  readonly input: Readonly<Record<string, string>>;
  /** Python's dictionary of what came of it; null: the log stops before it. */
  readonly result: string | null;
}

/** Lines of the log itself, before print. */
export function plainLog(task: string, rounds: readonly Round[]): string[] {
  const lines = [
    `2031-03-04 09:00:00 - Chatbot - INFO - Processing user input: ${task}`,
    "2031-03-04 09:00:00 - Chatbot - INFO - Prepared input data:",
    task,
  ];
  rounds.forEach(({ at, until, said, action, input, result }, i) => {
    const json = JSON.stringify({ action, action_input: input }, null, 2);
    lines.push(
      `2031-03-04 ${at} - Chatbot - INFO - *********************Round ${i + 1}:********************`,
      `2031-03-04 ${at} - Chatbot - INFO - response:Explain: ${said}`,
      "",
      "Plan:",
      "1) One step.",
      "",
      "Action:",
      "```json",
      ...json.split("\n"),
      "```",
      `2031-03-04 ${at} - Chatbot - INFO - Invoking tool '${action}' with args: {}`,
    );
    if (result !== null)
      lines.push(
        `2031-03-04 ${until} - Chatbot - INFO - User input:`,
        `          Task: ${task}`,
        `          Action result: ${result}`,
        "          Critique: a reminder.",
        "          .",
      );
  });
  return lines;
}

const WIDTH = 86;
const LINES_A_PAGE = 30;

/** The log as a listing in print that went through `pdftotext -layout`: numbered, broken at the margin, with page numbers. */
export function printed(lines: readonly string[]): string {
  const out = ["     A  An appendix", "     Some words before the listing."];
  lines.forEach((line, i) => {
    if (i > 0 && i % LINES_A_PAGE === 0) out.push("", "", `${" ".repeat(50)}${17 + i / LINES_A_PAGE}`, "\f");
    const spaced = line.replace(/^(\d{4})-(\d{2})-(\d{2})/, "$1 -$2 -$3").replace(/'(?=[:,}])/g, " '");
    const [first = "", ...more] = broken(spaced);
    out.push(`${String(i + 1).padStart(3)}  ${first}`.trimEnd(), ...more.map((part) => `           ${part}`));
  });
  return `${out.join("\n")}\n`;
}

/** Breaks at spaces, which the margin swallows. */
function broken(line: string): string[] {
  const parts: string[] = [];
  let rest = line;
  while (rest.length > WIDTH) {
    const at = rest.lastIndexOf(" ", WIDTH);
    if (at <= 20) break;
    parts.push(rest.slice(0, at));
    rest = rest.slice(at + 1);
  }
  return [...parts, rest];
}

export const ROUNDS: readonly Round[] = [
  {
    at: "09:00:20",
    until: "09:00:21",
    said: "I look at what is in the folder first, because I do not know yet which files are there or which of them I need for the rest of this task.",
    action: "execute_command_in_terminal",
    input: { terminal_id: "1", command: "ls /srv/made-up", command_type: "one_time" },
    result:
      "{'status': 'Executed.', 'stdout': 'notes\\nit\\'s here\\n', 'stderr': '_end_of_command_execution_\\n', 'terminal_info': 'Terminal 1: Idle\\nTerminal 2: Idle\\n'}",
  },
  {
    at: "09:01:00",
    until: "09:01:05",
    said: "I start the small server.",
    action: "execute_command_in_terminal",
    input: { terminal_id: "2", command: "node server.mjs --port 9000", command_type: "long_running" },
    result: `{'status': "It's running.", 'stdout': '', 'stderr': '', 'terminal_info': 'Terminal 2: Busy\\n'}`,
  },
  {
    at: "09:02:00",
    until: "09:02:02",
    said: "I read what it prints.",
    action: "receive_data_of_long_term_command_from_terminal",
    input: { terminal_id: "2" },
    result: "{'status': 'ok', 'stdout': 'listening', 'stderr': 'a warning', 'terminal_info': ''}",
  },
];
export const FINISH: Round = {
  at: "09:03:00",
  until: "09:03:00",
  said: "I am done.",
  action: "finish",
  input: { message: "The server answers." },
  result: null,
};
