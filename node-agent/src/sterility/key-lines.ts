import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { contentOf, digestFiles, type Digests } from "./digests.ts";

/** All `authorized_keys` files of the machine. */
export interface AuthorizedKeys extends Digests {
  /** Base64 of the public keys that each names. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
}

const SSH_FOLDER = "/etc/ssh";
const MOST_HOMES = 2000;

/** Of every user in passwd(5), of every folder in /home, and of sshd itself. Synchronous. */
export function readAuthorizedKeys(): AuthorizedKeys {
  const homes = new Set<string>(["/root", ...homesOf(readOr("/etc/passwd"))]);
  for (const name of namesIn("/home")) homes.add(join("/home", name));
  const folders = [...homes].slice(0, MOST_HOMES).map((home) => join(home, ".ssh"));
  const wanted = (name: string) => name.startsWith("authorized_keys");
  const roots = [
    ...folders,
    ...namesIn(SSH_FOLDER)
      .filter(wanted)
      .map((name) => join(SSH_FOLDER, name)),
  ];
  const { digests, unreadable } = digestFiles(roots, wanted);
  const keys: Record<string, string[]> = {};
  for (const path of Object.keys(digests)) {
    try {
      // sshd follows links here, so what counts is what they lead to.
      keys[path] = keysIn(contentOf(path, true).toString("latin1"));
    } catch {
      keys[path] = [];
    }
  }
  return { digests, unreadable, keys };
}

/** Base64 of every public key in the text, wherever in a line it stands. Pure. */
export const keysIn = (text: string): string[] => text.match(/AAAA[A-Za-z0-9+/]{16,}={0,2}/g) ?? [];

/** Home folders in the text of passwd(5), but `/` and those that no login has. Pure. */
export function homesOf(passwd: string): string[] {
  return passwd.split("\n").flatMap((line) => {
    const home = line.split(":")[5];
    return home === undefined || !home.startsWith("/") || home === "/" ? [] : [home];
  });
}

function readOr(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
