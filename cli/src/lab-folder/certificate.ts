import { createHash, createPublicKey, randomBytes, sign, type KeyObject } from "node:crypto";
import { isIP, isIPv6 } from "node:net";
import { bits, integer, octets, oid, sequence, set, tagged, time, utf8, yes } from "./der.ts";

export interface CertificateOptions {
  /** Common name of whom it is for. */
  readonly subject: string;
  /** P-256 key that it is for; only its public half is in it. */
  readonly key: KeyObject;
  /** Common name and P-256 key of who vouches for it; the same as above for a CA's own. */
  readonly issuer: { readonly name: string; readonly key: KeyObject };
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** A CA vouches for servers and for no further CA; a server has names, DNS or IP. */
  readonly use: { readonly ca: true } | { readonly ca: false; readonly names: readonly string[] };
}

const ECDSA_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));

/** An X.509 certificate (RFC 5280, version 3), signed with ECDSA and SHA-256, as PEM. */
export function makeCertificate(options: CertificateOptions): string {
  const { subject, issuer, notBefore, notAfter, use } = options;
  // 127 random bits, so that it is positive and never twice.
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const body = sequence(
    tagged(0, integer(Buffer.from([2])), true),
    integer(serial),
    ECDSA_SHA256,
    commonName(issuer.name),
    sequence(time(notBefore), time(notAfter)),
    commonName(subject),
    publicOf(options.key),
    tagged(3, sequence(...extensions(options.key, issuer.key, use)), true),
  );
  const whole = sequence(body, ECDSA_SHA256, bits(sign("sha256", body, issuer.key)));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function extensions(key: KeyObject, issuerKey: KeyObject, use: CertificateOptions["use"]): Buffer[] {
  const both = [
    extension("2.5.29.14", false, octets(keyId(key))),
    extension("2.5.29.35", false, sequence(tagged(0, keyId(issuerKey)))),
  ];
  if (use.ca)
    return [
      // No CA below it.
      extension("2.5.29.19", true, sequence(yes, integer(Buffer.from([0])))),
      // Certificates and lists of revoked ones.
      extension("2.5.29.15", true, bits(Buffer.from([0x06]), 1)),
      ...both,
    ];
  return [
    extension("2.5.29.19", true, sequence()),
    // Digital signature.
    extension("2.5.29.15", true, bits(Buffer.from([0x80]), 7)),
    // As a server, and as a client of the other servers of its cluster.
    extension("2.5.29.37", false, sequence(oid("1.3.6.1.5.5.7.3.1"), oid("1.3.6.1.5.5.7.3.2"))),
    extension("2.5.29.17", false, sequence(...use.names.map(alternativeName))),
    ...both,
  ];
}

const extension = (id: string, critical: boolean, value: Uint8Array) =>
  sequence(oid(id), ...(critical ? [yes] : []), octets(value));

const commonName = (name: string) => sequence(set(sequence(oid("2.5.4.3"), utf8(name))));

const alternativeName = (name: string) =>
  isIP(name) === 0 ? tagged(2, Buffer.from(name, "ascii")) : tagged(7, addressBytes(name));

const publicOf = (key: KeyObject) =>
  (key.type === "private" ? createPublicKey(key) : key).export({ type: "spki", format: "der" });
const keyId = (key: KeyObject) => createHash("sha1").update(publicOf(key)).digest();

function addressBytes(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = address.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":").map((group) => parseInt(group, 16)));
  const [before, after] = [groups(head), groups(tail ?? "")];
  const zeros = new Array<number>(tail === undefined ? 0 : 8 - before.length - after.length).fill(0);
  return Buffer.from([...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]));
}
