import ssh2 from "ssh2";
import { describe, expect, it } from "vitest";
import { authorizedKey } from "./authorized-key.ts";
import { newEphemeralKey, newLockedKey } from "./ephemeral-key.ts";
import { parsePublicKeyLine } from "./public-key-line.ts";

const expires = new Date("2026-03-04T05:06:07.890Z");

describe("newEphemeralKey", () => {
  it("makes a pair that another implementation reads, a new one each time", () => {
    const seen = new Set<string>();
    for (let i = 0; i < 50; i += 1) {
      const { privateKey, publicKeyLine } = newEphemeralKey("me@here");
      const parsed = ssh2.utils.parseKey(privateKey);
      if (parsed instanceof Error) throw parsed;
      const { blob, type } = parsePublicKeyLine(publicKeyLine);
      expect(type).toBe("ssh-ed25519");
      expect(parsed.getPublicSSH().equals(blob)).toBe(true);
      expect(parsed.comment).toBe("me@here");
      const signature = parsed.sign("text");
      if (signature instanceof Error) throw signature;
      expect(parsed.verify("text", signature)).toBe(true);
      seen.add(publicKeyLine);
    }
    expect(seen.size).toBe(50);
  });

  it("refuses a comment that could break a line", () => {
    expect(() => newEphemeralKey("a\nb")).toThrow(RangeError);
  });
});

describe("newLockedKey", () => {
  it("makes a key that nothing but its passphrase opens", () => {
    const { privateKey, publicKeyLine } = newLockedKey("me@here", "two words");
    expect(ssh2.utils.parseKey(privateKey)).toBeInstanceOf(Error);
    expect(ssh2.utils.parseKey(privateKey, "two word")).toBeInstanceOf(Error);
    const parsed = ssh2.utils.parseKey(privateKey, "two words");
    if (parsed instanceof Error) throw parsed;
    expect(parsed.getPublicSSH().equals(parsePublicKeyLine(publicKeyLine).blob)).toBe(true);
  });
});

describe("authorizedKey", () => {
  const { publicKeyLine } = newEphemeralKey("someone");
  const base64 = publicKeyLine.split(" ")[1];

  it("restricts, and says when the key ends in UTC", () => {
    expect(authorizedKey(publicKeyLine, { expires })).toBe(
      `restrict,pty,expiry-time="20260304050607Z" ssh-ed25519 ${base64}`,
    );
    expect(authorizedKey(publicKeyLine, { expires, from: ["10.88.0.1", "10.0.0.0/8"] })).toContain(
      'from="10.88.0.1,10.0.0.0/8"',
    );
  });

  it("forces a key that is for files only, and gives it no terminal", () => {
    const line = authorizedKey(publicKeyLine, { expires, filesOnly: true });
    expect(line).toMatch(/^restrict,command="internal-sftp",expiry-time=/);
    expect(line).not.toContain("pty");
  });

  it.each([
    `command="id" ${publicKeyLine}`,
    `${publicKeyLine}\n${publicKeyLine}`,
    "ssh-rsa AAAAB3NzaC1yc2E=",
    "ssh-ed25519 AAAA",
    "",
  ])("refuses what is not one plain key: %j", (line) => {
    expect(() => authorizedKey(line, { expires })).toThrow(RangeError);
  });

  it("refuses an address that is none", () => {
    expect(() => authorizedKey(publicKeyLine, { expires, from: ['*",pty="'] })).toThrow(RangeError);
  });
});
