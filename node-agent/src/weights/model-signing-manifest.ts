import { createHash } from "node:crypto";
import { SHARD_BYTES, type WeightsFile } from "@redline/shared";

/** in-toto Statement v1 with the predicate of OpenSSF model signing v1.0, as `model_signing` writes and verifies it. */
export interface ModelSigningStatement {
  readonly _type: "https://in-toto.io/Statement/v1";
  readonly subject: readonly [{ readonly name: string; readonly digest: { readonly sha256: string } }];
  readonly predicateType: "https://model_signing/signature/v1.0";
  readonly predicate: {
    readonly serialization: {
      readonly method: "shards";
      readonly hash_type: "sha256";
      readonly shard_size: number;
      readonly allow_symlinks: false;
      readonly ignore_paths: readonly string[];
    };
    readonly resources: readonly {
      readonly name: string;
      readonly algorithm: string;
      readonly digest: string;
    }[];
  };
}

/**
 * The manifest of weights in the shape that others' tools read: a resource `file:start:end` a shard, ordered by the parts of the
 * path and then by the start; the subject's digest is the sha256 over all raw digests in that order. Pure.
 * Source: sigstore/model-transparency, `manifest.py` and `_signing/signing.py`; the algorithm names the shard size.
 * @throws RangeError for a name with a colon (the format could not be read back) or shards that do not fit the size.
 */
export function modelSigningManifest(
  files: readonly WeightsFile[],
  options: {
    readonly name?: string;
    readonly shardBytes?: number;
    readonly ignorePaths?: readonly string[];
  } = {},
): ModelSigningStatement {
  const { name = "weights", shardBytes = SHARD_BYTES, ignorePaths = [] } = options;
  const sorted = files.toSorted((a, b) => byParts(a.name, b.name));
  const resources = sorted.flatMap((file) => resourcesOf(file, shardBytes));
  const root = createHash("sha256");
  for (const { digest } of resources) root.update(digest, "hex");
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name, digest: { sha256: root.digest("hex") } }],
    predicateType: "https://model_signing/signature/v1.0",
    predicate: {
      serialization: {
        method: "shards",
        hash_type: "sha256",
        shard_size: shardBytes,
        allow_symlinks: false,
        ignore_paths: ignorePaths,
      },
      resources,
    },
  };
}

function resourcesOf({ name, size, shards }: WeightsFile, shardBytes: number) {
  if (name.includes(":"))
    throw new RangeError(`weights ${name}: a name with a colon does not fit the manifest; rename the file`);
  if (shards.length !== Math.max(1, Math.ceil(size / shardBytes)))
    throw new RangeError(
      `weights ${name}: ${shards.length} shards do not fit ${size} bytes; hash the file again`,
    );
  return shards.map((digest, index) => ({
    name: `${name}:${index * shardBytes}:${Math.min(size, (index + 1) * shardBytes)}`,
    algorithm: `sha256-sharded-${shardBytes}`,
    digest,
  }));
}

/** Order of Python's `PurePosixPath`: part by part, each by code points (which UTF-8 keeps). */
function byParts(a: string, b: string): number {
  const [left, right] = [a.split("/"), b.split("/")];
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const order = Buffer.compare(Buffer.from(left[index] ?? ""), Buffer.from(right[index] ?? ""));
    if (order !== 0) return order;
  }
  return left.length - right.length;
}
