import { expect, it } from "vitest";
import { newHttpToken, parseHttpTokens, tokenOf, whyNoTokenName } from "./http-tokens.ts";

const [ann, bob] = [newHttpToken(), newHttpToken()];

it("finds whose a token is, and nobody's", () => {
  const tokens = parseHttpTokens(`# people\noperator ann ${ann.sha256}\n\n  reader bob ${bob.sha256}  \n`);
  expect(tokenOf(tokens, ann.token)).toMatchObject({ role: "operator", name: "ann" });
  expect(tokenOf(tokens, bob.token)).toMatchObject({ role: "reader", name: "bob" });
  for (const wrong of ["", ann.sha256, `${ann.token}x`, ann.token.slice(0, -1), newHttpToken().token])
    expect(tokenOf(tokens, wrong)).toBeNull();
});

it("names every bad line at once", () => {
  const text = [
    `root ann ${ann.sha256}`,
    `reader Ann ${ann.sha256}`,
    "reader ann abc",
    `reader policy ${ann.sha256}`,
    `reader bob ${bob.sha256} more`,
    `reader eve ${bob.sha256}`,
    `operator eve ${ann.sha256}`,
  ].join("\n");
  expect(() => parseHttpTokens(text)).toThrow(
    /line 1: .*line 2: .*line 3: .*line 4: .*line 5: .*"eve" is named twice/,
  );
});

it("gives no token the name of a part of the instrument", () => {
  expect(whyNoTokenName("ann")).toBeNull();
  for (const name of [
    "nobody",
    "policy",
    "budget",
    "faults",
    "import",
    "retention",
    "",
    "Ann",
    "a b",
    "a".repeat(41),
  ])
    expect(whyNoTokenName(name)).not.toBeNull();
});
