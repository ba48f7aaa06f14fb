import { enrolledNameSchema, isUserKey, whyNoNodeName, type LabFile } from "@redline/daemon";
import { CliError, EXIT } from "../exit-codes.ts";
import { userKeyAt } from "./lab-keys.ts";
import { labPaths } from "./lab-paths.ts";

/**
 * A lab file with one node more. Its seed is made in its folder, unless its public key is given: then the seed stays where it was made.
 * @throws CliError for a name or a key that cannot be used; a name is given once, since a removed node's records stand in the journal.
 */
export async function addNode(
  dir: string,
  lab: LabFile,
  node: { name: string; address: string | undefined; publicKey: string | undefined },
  addedAt: string,
): Promise<LabFile> {
  const why = whyNoNodeName(node.name);
  if (why !== null) throw new CliError(EXIT.usage, why);
  const before = lab.nodes.find((known) => known.name === node.name);
  if (before?.revoked != null)
    throw new CliError(EXIT.usage, `${node.name} was removed on ${before.revoked.at.slice(0, 10)}`, {
      remedy: "give the machine a new name: what was recorded under the old one stays its own",
    });
  if (before !== undefined) throw new CliError(EXIT.usage, `${node.name} belongs to the lab already`);
  if (node.publicKey !== undefined && !isUserKey(node.publicKey))
    throw new CliError(
      EXIT.usage,
      "--public-key: expected an NKey user's public key (U and 55 letters and digits)",
    );
  const publicKey = node.publicKey ?? (await userKeyAt(labPaths(dir).node(node.name).seed));
  const twice = [...lab.nodes, ...lab.coordinators, ...lab.observers].find(
    (one) => one.publicKey === publicKey,
  );
  if (twice !== undefined) throw new CliError(EXIT.usage, `${twice.name} has this public key already`);
  const entry = {
    ...{ name: enrolledNameSchema.parse(node.name), publicKey, addedAt },
    ...{ address: node.address ?? null, revoked: null },
  };
  return { ...lab, nodes: [...lab.nodes, entry] };
}
