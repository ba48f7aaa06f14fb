// What the library's injection of its own parts asks for; it has to come first.
import "reflect-metadata";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  type Extension,
  type JsonName,
} from "@peculiar/x509";
import { createHash, createPublicKey, webcrypto, type KeyObject } from "node:crypto";
import { isIP } from "node:net";

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

const P256 = { name: "ECDSA", namedCurve: "P-256" };

/** An X.509 certificate (RFC 5280, version 3), signed with ECDSA and SHA-256, as PEM. */
export async function makeCertificate(options: CertificateOptions): Promise<string> {
  const { subject, issuer, notBefore, notAfter, use } = options;
  const pkcs8 = issuer.key.export({ type: "pkcs8", format: "der" });
  const made = await X509CertificateGenerator.create(
    {
      subject: commonName(subject),
      issuer: commonName(issuer.name),
      notBefore,
      notAfter,
      publicKey: publicOf(options.key),
      signingKey: await webcrypto.subtle.importKey("pkcs8", pkcs8, P256, false, ["sign"]),
      signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
      extensions: extensions(options.key, issuer.key, use),
    },
    webcrypto,
  );
  return `${made.toString("pem")}\n`;
}

function extensions(key: KeyObject, issuerKey: KeyObject, use: CertificateOptions["use"]): Extension[] {
  const both = [
    new SubjectKeyIdentifierExtension(keyId(key)),
    new AuthorityKeyIdentifierExtension(keyId(issuerKey)),
  ];
  if (use.ca)
    return [
      // No CA below it.
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ...both,
    ];
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    // As a server, and as a client of the other servers of its cluster.
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
    new SubjectAlternativeNameExtension(
      use.names.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value })),
    ),
    ...both,
  ];
}

const commonName = (name: string): JsonName => [{ CN: [name] }];
const publicOf = (key: KeyObject) =>
  (key.type === "private" ? createPublicKey(key) : key).export({ type: "spki", format: "der" });
/** In hex. */
const keyId = (key: KeyObject) => createHash("sha1").update(publicOf(key)).digest("hex");
