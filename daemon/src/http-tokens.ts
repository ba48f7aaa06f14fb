import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { isNoPerson, slugSchema } from "@redline/shared";

/** A reader may look at everything; an operator may also change things. */
export const HTTP_ROLES = ["reader", "operator"] as const;
export type HttpRole = (typeof HTTP_ROLES)[number];

/** One line of a tokens file: `role name sha256`. The token itself is nowhere but with its owner. */
export interface HttpToken {
  readonly role: HttpRole;
  readonly name: string;
  /** Lower-case hex of the token's SHA-256. */
  readonly sha256: string;
}

/** Why a token may not have this name, or null: it stands in records as who did something. */
export function whyNoTokenName(name: string): string | null {
  if (!slugSchema.safeParse(name).success) return "lower-case letters, digits and dashes, at most 40";
  return isNoPerson(name) ? "the instrument's own parts have this name in records" : null;
}

/** A new token: 32 random bytes, so its digest needs no salt and says nothing about it. */
export function newHttpToken(): { token: string; sha256: string } {
  const token = `rlt_${randomBytes(32).toString("base64url")}`;
  return { token, sha256: digestOf(token).toString("hex") };
}

/** @throws RangeError that names every bad line. Blank lines and those that begin with `#` are left out. */
export function parseHttpTokens(text: string): HttpToken[] {
  const problems: string[] = [];
  const tokens = text.split("\n").flatMap((raw, at): HttpToken[] => {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) return [];
    const [role = "", name = "", sha256 = "", ...more] = line.split(/\s+/);
    const known = HTTP_ROLES.find((one) => one === role);
    const why = whyNoTokenName(name);
    if (known === undefined) problems.push(`line ${at + 1}: the role is reader or operator`);
    else if (why !== null) problems.push(`line ${at + 1}: the name: ${why}`);
    else if (!/^[0-9a-f]{64}$/.test(sha256) || more.length > 0)
      problems.push(`line ${at + 1}: expected role, name and the token's sha256 in hex`);
    else return [{ role: known, name, sha256 }];
    return [];
  });
  for (const [at, { name }] of tokens.entries())
    if (tokens.findIndex((other) => other.name === name) !== at) problems.push(`"${name}" is named twice`);
  if (problems.length > 0) throw new RangeError(problems.join("; "));
  return tokens;
}

/** The line of the token that was given, or null. Takes as long whichever it is. */
export function tokenOf(tokens: readonly HttpToken[], given: string): HttpToken | null {
  const digest = digestOf(given);
  let found: HttpToken | null = null;
  for (const token of tokens) if (timingSafeEqual(Buffer.from(token.sha256, "hex"), digest)) found = token;
  return found;
}

const digestOf = (token: string) => createHash("sha256").update(token).digest();
