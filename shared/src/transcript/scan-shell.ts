import { TextCursor } from "./text-cursor.ts";
import { emptyDraft, type DraftCommand, type ShellWord } from "./shell-command.ts";

/** Deepest nesting of `(`, `$(` and quotes that is followed; what lies deeper is read as plain text. */
const MOST_DEPTH = 40;
/** Most commands that one text gives. */
const MOST_COMMANDS = 2000;
/** Runs of characters without a meaning of their own. */
const PLAIN = /[^\s;&|<>()"'`\\$]+/y;
const IN_DOUBLE = /[^"\\$`]+/y;
const REDIRECT = /(?:\d{0,9}|&)(?:<<<|<<-?|<&|<>|<(?!\()|>>|>&|>\||>(?!\())/y;
/** Targets of redirections that are no files. */
const NO_FILE = /^(\d+|-|\/dev\/(null|tty|stdout|stderr|(fd|tcp|udp)\/.*))?$/;
const BLANKS = /(?:[ \t\r]|\\\r?\n)+/y;

interface HereDocument {
  readonly draft: DraftCommand;
  readonly end: string;
  readonly tabs: boolean;
}

export interface Scanned {
  readonly drafts: readonly DraftCommand[];
  /** Texts in backquotes, to be read by themselves. */
  readonly quoted: readonly string[];
  /** False where a quote or a bracket was left open, or there was too much. */
  readonly whole: boolean;
}

/** Cuts a shell text into simple commands. Each character is looked at a fixed number of times, whatever it is. */
export function scanShell(text: string): Scanned {
  const scanner = new Scanner(text);
  scanner.list("", 0);
  return scanner;
}

class Scanner extends TextCursor implements Scanned {
  readonly drafts: DraftCommand[] = [];
  readonly quoted: string[] = [];
  #documents: HereDocument[] = [];

  /** Commands up to an unquoted `)` (which is taken), or to the end of the text. */
  list(end: ")" | "", depth: number): void {
    let draft = emptyDraft();
    // Between `[[` and `]]` the operators are words.
    let test = false;
    // Commands before the current pipe.
    let before = this.drafts.length;
    const next = (background = false) => {
      draft.background = background;
      if (draft.words.length > 0 || draft.writes.length > 0) this.#keep(draft);
      draft = emptyDraft();
      test = false;
    };
    for (;;) {
      this.match(BLANKS);
      const char = this.text[this.at];
      if (char === undefined) {
        if (end !== "") this.whole = false;
        next();
        return;
      }
      if (char === "\n" || char === ";") {
        this.at += 1;
        next();
        before = this.drafts.length;
        if (char === "\n") this.#readDocuments();
        continue;
      }
      if (char === "#") {
        this.skipTo("\n");
        continue;
      }
      if (test && "&|<>()".includes(char)) {
        this.at += 1;
        continue;
      }
      const redirect = this.match(REDIRECT);
      if (redirect !== "") {
        this.#redirect(redirect, draft, depth);
        continue;
      }
      if (char === "&" || char === "|") {
        const double = this.text[this.at + 1] === char;
        this.at += double || this.text[this.at + 1] === "&" ? 2 : 1;
        next(char === "&" && !double);
        if (char === "&" || double) before = this.drafts.length;
        continue;
      }
      if (char === "(") {
        this.#open(draft, depth);
        continue;
      }
      if (char === ")") {
        this.at += 1;
        if (end === ")") {
          next();
          return;
        }
        // The end of a pattern of `case` (`a|b)` is no pipe), or one too many.
        this.drafts.length = Math.min(before, this.drafts.length);
        draft = emptyDraft();
        continue;
      }
      const word = this.#word(depth);
      if (word.text === "[[" && !word.quoted) test = true;
      if (word.text === "]]") test = false;
      draft.words.push(word);
    }
  }

  #keep(draft: DraftCommand): void {
    if (this.drafts.length < MOST_COMMANDS) this.drafts.push(draft);
    else this.whole = false;
  }

  /** `(` where no word is: a subshell, arithmetic, or behind a word the brackets of a function. */
  #open(draft: DraftCommand, depth: number): void {
    const after = this.text[this.at + 1];
    if (draft.words.length > 0 && after === ")") {
      this.at += 2;
      draft.words = [];
    } else if (after === "(") this.#arithmetic(2);
    else {
      this.at += 1;
      if (depth < MOST_DEPTH) this.list(")", depth + 1);
      else this.whole = false;
    }
  }

  #redirect(operator: string, draft: DraftCommand, depth: number): void {
    this.match(BLANKS);
    const target = this.#word(depth).text;
    if (operator.includes("<<<")) draft.input = target;
    else if (operator.includes("<<"))
      this.#documents.push({ draft, end: target, tabs: operator.endsWith("-") });
    else if (operator.includes(">") && !NO_FILE.test(target)) draft.writes.push(target);
  }

  /** Bodies of the here-documents that were announced in the line before. */
  #readDocuments(): void {
    const waiting = this.#documents;
    this.#documents = [];
    for (const { draft, end, tabs } of waiting) {
      const from = this.at;
      let upTo = from;
      for (;;) {
        if (this.at >= this.text.length) {
          this.whole = false;
          upTo = this.text.length;
          break;
        }
        const line = this.line();
        if ((tabs ? line.text.replace(/^\t+/, "") : line.text) === end) {
          upTo = line.start;
          break;
        }
      }
      draft.input = this.text.slice(from, upTo);
    }
  }

  /** One word; quotes are taken away, `$(...)` becomes `$()` and its commands stand in the list before this one. */
  #word(depth: number): ShellWord {
    const parts: string[] = [];
    let quoted = false;
    for (;;) {
      const plain = this.match(PLAIN);
      if (plain !== "") parts.push(plain);
      const char = this.text[this.at];
      if (char === "'") {
        quoted = true;
        this.at += 1;
        parts.push(this.upTo("'"));
      } else if (char === '"') {
        quoted = true;
        this.at += 1;
        this.#double(parts, depth);
      } else if (char === "\\") {
        const next = this.text[this.at + 1] ?? "";
        if (next !== "\n") parts.push(next);
        this.at += 2;
      } else if (char === "$" || char === "`") this.#expansion(parts, depth);
      else if (char === "(" && parts.at(-1)?.endsWith("=") === true) {
        // An array: its words are data.
        this.at += 1;
        parts.push(this.upTo(")"));
      } else if ((char === "<" || char === ">") && parts.length === 0) {
        // What is left of `<` and `>` here stands before `(`: a command in place of a file.
        this.at += 2;
        if (depth < MOST_DEPTH) this.list(")", depth + 1);
        else this.whole = false;
        parts.push("<()");
      } else break;
    }
    if (parts.length === 0 && !quoted) {
      // Nothing that a word can begin with: go on behind it, or the reader would stand still.
      const char = this.text[this.at];
      if (char !== undefined && !"\n;&|() \t\r".includes(char)) this.at += 1;
    }
    return { text: parts.join(""), quoted };
  }

  #double(parts: string[], depth: number): void {
    for (;;) {
      const plain = this.match(IN_DOUBLE);
      if (plain !== "") parts.push(plain);
      const char = this.text[this.at];
      if (char === undefined) {
        this.whole = false;
        return;
      }
      if (char === '"') {
        this.at += 1;
        return;
      }
      if (char === "\\") {
        const next = this.text[this.at + 1] ?? "";
        parts.push('"\\$`\n'.includes(next) ? next : `\\${next}`);
        this.at += 2;
      } else this.#expansion(parts, depth, true);
    }
  }

  /** At a `$` or a backquote. */
  #expansion(parts: string[], depth: number, inDouble = false): void {
    const rest = this.text.slice(this.at, this.at + 3);
    if (rest.startsWith("`")) {
      this.at += 1;
      this.quoted.push(this.upTo("`"));
      parts.push("$()");
    } else if (rest === "$((") {
      this.#arithmetic(3);
      parts.push("$(())");
    } else if (rest.startsWith("$(") && depth < MOST_DEPTH) {
      this.at += 2;
      this.list(")", depth + 1);
      parts.push("$()");
    } else if (rest.startsWith("${")) {
      this.at += 2;
      parts.push("${", this.upTo("}"), "}");
    } else if (rest.startsWith("$'") && !inDouble) {
      this.at += 2;
      parts.push(this.upTo("'"));
    } else {
      if (rest.startsWith("$(")) this.whole = false;
      this.at += 1;
      parts.push("$");
    }
  }

  /** Behind `((` or `$((`, of which the first `taken` characters are skipped: up to where the brackets close. */
  #arithmetic(taken: number): void {
    this.at += taken;
    for (let open = 2; open > 0; this.at += 1) {
      const char = this.text[this.at];
      if (char === undefined) {
        this.whole = false;
        return;
      }
      if (char === "(") open += 1;
      if (char === ")") open -= 1;
    }
  }
}
