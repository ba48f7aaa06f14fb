import { createHash } from "node:crypto";

/** A tensor as the header has it: name (its bytes as latin1 text) and shape in the order of the file. */
export interface TensorShape {
  readonly name: string;
  readonly shape: readonly (number | bigint)[];
}

/**
 * Digest of all names and shapes without types: sha256 over one line a tensor, `<bytes of the name>:<name>:<d0>x<d1>...\n`, lines
 * sorted by their bytes. Requantising keeps it; another architecture, size or container format changes it.
 */
export function familyOf(tensors: readonly TensorShape[]): string {
  const lines = tensors.map(({ name, shape }) => `${name.length}:${name}:${shape.join("x")}\n`).sort();
  const hash = createHash("sha256");
  for (const line of lines) hash.update(line, "latin1");
  return hash.digest("hex");
}
