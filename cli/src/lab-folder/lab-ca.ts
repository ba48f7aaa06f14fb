import { createPrivateKey, generateKeyPairSync, X509Certificate, type KeyObject } from "node:crypto";
import { isIP } from "node:net";
import { CliError, EXIT } from "../exit-codes.ts";
import type { CertificateOptions } from "./certificate.ts";
import { keepFile, readIfThere, replaceFile } from "./keep-file.ts";
import type { LabPaths } from "./lab-paths.ts";

const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
const SERVER_DAYS = 825;
/** A certificate with less than this is made anew. */
const RENEW_DAYS = 60;
const CA_NAME = "Redline lab CA";

export interface ServerCertificate {
  readonly caPem: string;
  readonly caEnds: Date;
  readonly serverEnds: Date;
  /** Made by this call. */
  readonly fresh: boolean;
}

/**
 * The lab's own CA and the server's certificate. Both keys stay for ever; the certificate is made anew when its names are others or it
 * ends soon, so that a repeated call renews it.
 * @param hosts DNS names and addresses of the servers
 */
export async function labCertificate(
  paths: LabPaths,
  hosts: readonly string[],
  now: Date,
): Promise<ServerCertificate> {
  const caPem =
    (await readIfThere(paths.caCert)) ??
    (await keepFile(paths.caCert, await certificateOfCa(await keyAt(paths.caKey, true), now), 0o644));
  const ca = new X509Certificate(caPem);
  // The client checks "localhost" where it was told an address: without that name no address would do.
  const names = [...new Set([...hosts, "localhost"])];
  const there = await readIfThere(paths.serverCert);
  const fresh = there === null || !isGood(new X509Certificate(there), ca, names, now);
  const serverPem = fresh
    ? await certificate({
        subject: names[0] ?? "localhost",
        key: await keyAt(paths.serverKey, there === null),
        issuer: { name: CA_NAME, key: await keyAt(paths.caKey, false) },
        notBefore: new Date(now.getTime() - DAY_MS),
        notAfter: new Date(Math.min(now.getTime() + SERVER_DAYS * DAY_MS, Date.parse(ca.validTo))),
        use: { ca: false, names },
      })
    : there;
  if (fresh) await replaceFile(paths.serverCert, serverPem);
  const serverEnds = new Date(new X509Certificate(serverPem).validTo);
  return { caPem, caEnds: new Date(ca.validTo), serverEnds, fresh };
}

/** Loaded when a certificate is made: few commands make one, and the library takes its time. */
const certificate = async (options: CertificateOptions) =>
  (await import("./certificate.ts")).makeCertificate(options);

const certificateOfCa = (key: KeyObject, now: Date) =>
  certificate({
    subject: CA_NAME,
    key,
    issuer: { name: CA_NAME, key },
    // Clocks of machines differ.
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter: new Date(now.getTime() + CA_DAYS * DAY_MS),
    use: { ca: true },
  });

/** A key that was taken elsewhere is not made again: what it vouched for would not hold under another. @throws CliError */
async function keyAt(path: string, mayMake: boolean): Promise<KeyObject> {
  const there = await readIfThere(path);
  if (there !== null) return createPrivateKey(there);
  if (!mayMake)
    throw new CliError(EXIT.usage, `the server's certificate has to be made anew, and ${path} is not here`, {
      remedy: "lay it back there for this command",
    });
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return createPrivateKey(await keepFile(path, pem, 0o600));
}

function isGood(cert: X509Certificate, ca: X509Certificate, names: readonly string[], now: Date): boolean {
  const left = Date.parse(cert.validTo) - now.getTime();
  const holds = (name: string) =>
    (isIP(name) === 0 ? cert.checkHost(name) : cert.checkIP(name)) !== undefined;
  return left > RENEW_DAYS * DAY_MS && cert.verify(ca.publicKey) && names.every(holds);
}
