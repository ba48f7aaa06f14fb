import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { expect, it } from "vitest";
import { makeCertificate } from "./certificate.ts";

const newKey = () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const [caKey, serverKey, otherKey] = [newKey(), newKey(), newKey()];
const from = new Date("2026-01-01T00:00:00Z");
const to = new Date("2028-01-01T00:00:00Z");
const life = { notBefore: from, notAfter: to };
const issuer = { name: "lab CA", key: caKey };
const ca = new X509Certificate(
  await makeCertificate({ ...life, subject: "lab CA", key: caKey, issuer, use: { ca: true } }),
);
const names = ["nats.lab.example", "localhost", "192.0.2.7", "2001:db8::7", "::1"];
const server = new X509Certificate(
  await makeCertificate({ ...life, subject: "nats", key: serverKey, issuer, use: { ca: false, names } }),
);

it("makes a CA and a server's certificate that a reader of certificates takes", () => {
  expect([ca.ca, server.ca]).toEqual([true, false]);
  expect(ca.verify(ca.publicKey)).toBe(true);
  expect(server.verify(ca.publicKey)).toBe(true);
  expect(server.checkIssued(ca)).toBe(true);
  expect(server.checkPrivateKey(serverKey)).toBe(true);
  expect([server.subject, server.issuer]).toEqual(["CN=nats", "CN=lab CA"]);
  expect([new Date(server.validFrom), new Date(server.validTo)]).toEqual([from, to]);
  expect(server.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
});

it("holds for its names and for no others", () => {
  for (const host of ["nats.lab.example", "localhost"]) expect(server.checkHost(host)).toBe(host);
  for (const ip of ["192.0.2.7", "2001:db8::7", "::1"]) expect(server.checkIP(ip)).toBe(ip);
  expect(server.checkHost("evil.example")).toBeUndefined();
  expect(server.checkIP("192.0.2.8")).toBeUndefined();
});

it("is nothing to another CA of the same name", async () => {
  const other = { name: "lab CA", key: otherKey };
  const fake = new X509Certificate(
    await makeCertificate({
      ...life,
      subject: "nats",
      key: serverKey,
      issuer: other,
      use: { ca: false, names },
    }),
  );
  expect(fake.verify(ca.publicKey)).toBe(false);
  expect(fake.checkIssued(ca)).toBe(false);
});

it("writes years from 2050 on in the longer form", async () => {
  const late = await makeCertificate({
    ...{ subject: "nats", key: serverKey, issuer, use: { ca: false, names: ["a"] } },
    ...{ notBefore: from, notAfter: new Date("2051-06-01T00:00:00Z") },
  });
  expect(new Date(new X509Certificate(late).validTo).getUTCFullYear()).toBe(2051);
});
