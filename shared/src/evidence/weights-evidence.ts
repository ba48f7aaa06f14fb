import { z } from "zod";
import { processKeySchema } from "./process-row.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Bytes of a shard of the weights manifest: 256 MiB, so that 140 GB are 560 digests which any number of threads can share. */
export const SHARD_BYTES = 268_435_456;

/**
 * One file of weights in the shape of OpenSSF model signing's shard manifest: digest of every shard in order. Files up to one shard
 * have one, which then is the sha256 of the file.
 */
export const weightsFileSchema = z.strictObject({
  /** Relative to the specimen's folder. */
  name: z.string().max(512),
  size: z.int().min(0),
  shards: z.array(sha256).max(100_000),
  /** Digest of names and shapes of all tensors, without their types: what a conversion keeps. Empty for an unknown format. */
  family: z.string().max(64),
});
export type WeightsFile = z.infer<typeof weightsFileSchema>;

/** How the bytes that a process serves came to its device. Order of the design's table; `none`: it opened no weights. */
export const lineageSchema = z.enum([
  /** A file of its own on the device of the original. */
  "copied",
  /** A file of its own on another device than the original's: its bytes came over the link. */
  "fetched",
  /** A file of its own that shares its blocks with the original's (reflink). */
  "clone",
  "hard-link",
  "symlink",
  "bind-mount",
  "network-mount",
  /** No file here: the answers come from elsewhere. */
  "remote",
  "none",
]);
export type Lineage = z.infer<typeof lineageSchema>;

/** A file of weights that a process had open or mapped, read through `/proc`, never by its path. */
export const openedFileSchema = z.strictObject({
  process: processKeySchema,
  how: z.enum(["map", "fd"]),
  /** First seen while the process loaded, or later. */
  seen: z.enum(["loading", "after-run"]),
  /** As the process sees it; hostile text. */
  path: z.string().max(512),
  /** `major:minor` and inode number of the file that was really opened. */
  device: z.string().max(24),
  inode: z.string().max(24),
  links: z.int(),
  size: z.int().min(0),
  /** Type of the file system, e.g. tmpfs, ext4, nfs4. */
  fsType: z.string().max(40),
  /** Mount point of the mount that the path lies on, as the process sees it. */
  mount: z.string().max(512),
  lineage: lineageSchema,
  format: z.enum(["gguf", "safetensors", "other"]),
  family: z.string().max(64),
  /** Digest of each shard; empty where it could not be read, and `why` says so. */
  shards: z.array(sha256).max(100_000),
  /** Whether the attempt's mark stands in the file's header. */
  mark: z.boolean(),
  why: z.string().max(300),
});
export type OpenedFile = z.infer<typeof openedFileSchema>;

/** Bytes a process has read since its start (`/proc/PID/io`): `read` through read(2) of any kind, `disk` from storage. */
export const processReadsSchema = z.strictObject({
  process: processKeySchema,
  read: z.int().min(0),
  disk: z.int().min(0),
});
export type ProcessReads = z.infer<typeof processReadsSchema>;

/** Nonce-picked blocks of one file, hashed together: equal for two files only where all those blocks are equal. */
export const weightsSampleSchema = z.strictObject({
  nonce: z.string().max(64),
  size: z.int().min(0),
  blockBytes: z.int().min(1),
  blocks: z.int().min(1),
  sha256,
});
export type WeightsSample = z.infer<typeof weightsSampleSchema>;
