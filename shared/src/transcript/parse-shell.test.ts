import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseShell } from "./parse-shell.ts";

const line = (text: string) =>
  parseShell(text).commands.map((c) =>
    [...(c.host === null ? [] : [`${c.host}:`]), c.program, ...c.args].join(" "),
  );

describe("shell texts", () => {
  it.each([
    ["ls -la ~; cat 'a b' \"c d\"", ["ls -la ~", "cat a b c d"]],
    ["a && b || c | d & e", ["a", "b", "c", "d", "e"]],
    ["echo $(uname -n) `date +%s`", ["date +%s", "uname -n", "echo $() $()"]],
    ['echo "up: $(ss -ltn | grep "8760")"', ["ss -ltn", "grep 8760", "echo up: $()"]],
    ["for i in 1 2; do curl -s x; done", ["curl -s x"]],
    ["if [ -e a ]; then rm a; else touch a; fi", ["[ -e a ]", "rm a", "touch a"]],
    ["case $x in */sshd) kill 7;; a|b) true;; esac", ["kill 7", "true"]],
    ["up() { (exec 3<> /dev/tcp/h/80) 2> /dev/null; }; up", ["exec", "up"]],
    ["[[ a == b && -n c ]] && x", ["[[ a == b -n c ]]", "x"]],
    ["A=1 B=2 sudo -u root nohup env C=3 timeout 5 node x.js", ["node x.js"]],
    ["bash -lc 'cd /a && ./run.sh'", ["cd /a", "run.sh"]],
    [
      "ssh -p 22 target 'cp -r a b; bash -c \"ls | wc -l\"'",
      ["target: cp -r a b", "target: ls", "target: wc -l"],
    ],
    ["ssh target bash -s <<'E'\ncd x\nnode y &\nE\nls", ["target: cd x", "target: node y", "ls"]],
    ["cat > f.py <<EOF\nimport os; rm -rf /\nEOF\npython3 f.py", ["cat", "python3 f.py"]],
    ["find . -name x -exec rm {} \\; ", ["find . -name x -exec rm {} ;", "rm {}"]],
    ["ps aux | xargs -n 1 kill -9", ["ps aux", "kill -9"]],
    ["diff <(ls a) <(ls b)", ["ls a", "ls b", "diff <() <()"]],
    ["echo $((1 + (2 * 3))) # no; comment", ["echo $(())"]],
    ["ssh target", ["ssh target"]],
    ['eval "ls -l"', ["ls -l"]],
  ])("reads %j", (text, commands) => {
    expect(line(text)).toEqual(commands);
    expect(parseShell(text).whole).toBe(true);
  });

  it("keeps what redirections write, where it runs, and whether it is waited for", () => {
    const { commands } = parseShell("echo hi > ~/a 2>&1 >> b.log; x > /dev/null & cat <<< words");
    expect(commands).toMatchObject([
      { program: "echo", writes: ["~/a", "b.log"], background: false },
      { program: "x", writes: [], background: true },
      { program: "cat", input: "words" },
    ]);
  });

  it.each(["echo 'a", 'echo "a $(b', "cat <<EOF\nx", "(((", "echo ${a", "`", "$'"])(
    "says that %j is open",
    (text) => {
      expect(parseShell(text).whole).toBe(false);
    },
  );

  it("ends on any text", () => {
    const marks = "' \" ` $ ( ) { } [ ] < > & | ; \\ a = # 0 \n \t \u00a0".split(" ");
    const piece = fc.constantFrom(...marks, " ", "$((", "<<E", "ssh t ", "bash -c ", "case x in ", "[[ ");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        expect(parseShell(pieces.join("")).commands.length).toBeLessThanOrEqual(2000);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["quotes", "'"],
    ["double quotes", '"a$('],
    ["brackets", "("],
    ["substitutions", "$("],
    ["backquotes", "`a"],
    ["arithmetic", "$((("],
    ["here-documents", "<<A "],
    ["here-documents, line by line", "cat <<A\n"],
    ["nested shells", "bash -c 'ssh t \"bash -c "],
    ["wrappers", "sudo "],
    ["words", "a "],
    ["cases", "case x in "],
    ["finds", "find -exec "],
    ["substitutions of a process", "<("],
    ["blanks that are none", "\u00a0"],
    ["assignments", "a=("],
  ])("takes a time in proportion to 200 kB of %s", (_, piece) => {
    const took = (size: number) => {
      const text = piece.repeat(Math.ceil(size / piece.length));
      const from = performance.now();
      parseShell(text);
      return performance.now() - from;
    };
    took(20_000);
    // Quadratic work would take minutes; the limit leaves room for a busy machine.
    expect(took(200_000)).toBeLessThan(3000);
  });
});
