import { stat } from "node:fs/promises";
import type { OpenedFile, OriginalFacts, ProcessKey, ProcessReads, WeightsSample } from "@redline/shared";
import { boundedText } from "../observe/bounded-text.ts";
import type { CellScope } from "../observe/cell-scope.ts";
import { deviceText } from "./device-text.ts";
import type { HashOptions } from "./hash-file.ts";
import { lineageOf } from "./lineage.ts";
import { readsOf, remotesOf } from "./process-traffic.ts";
import { readHeldFile, reopen, type FileContent } from "./read-held-file.ts";
import { sampleFile } from "./sample-file.ts";
import { extentsOf, overlap, type Extent } from "./shared-extents.ts";
import type { HeldFile, Opening, Unreachable } from "./watch-protocol.ts";
import { watchWeights, type WeightWatch } from "./weight-watch.ts";

export interface WeightsQuestion extends HashOptions {
  readonly cell: CellScope;
  /** The processes that serve. */
  readonly processes: readonly ProcessKey[];
  /** Null: what they have open and mapped now, and nothing from before. */
  readonly watch: WeightWatch | null;
  readonly original: OriginalFacts;
  /** The original is on this device too. */
  readonly sameDevice: boolean;
}

export interface WeightsFound {
  readonly files: OpenedFile[];
  readonly reads: ProcessReads[];
  readonly remotes: string[];
}

/** As the record has it. */
const MOST_FILES = 60;
const SPARE_BYTES = 1024 ** 3;
/** A Q2 file written out as F32 is about so many times as large; what is larger still is no conversion, and reading it only costs time. */
const MOST_GROWTH = 16;

/**
 * After the run: all files of weights that these processes have or had open, each read through a descriptor that was got from
 * the process itself, with where they came from; what the processes have read; and whom they are connected to.
 * @throws Error when the processes could not be looked at (any more), or the signal aborted: the test did not run.
 */
export async function weightsOf(question: WeightsQuestion): Promise<WeightsFound> {
  const { cell, processes, signal } = question;
  const watch = question.watch ?? watchWeights({ cell });
  try {
    const looked = await watch.look(signal);
    if (!looked.ok) throw new Error(`weights: ${looked.why}`);
    const found = watch.openings(processes).toSorted((a, b) => importance(b) - importance(a));
    const files = await describeAll(question, watch, found.slice(0, MOST_FILES));
    files.push(...watch.unreachable(processes).map((lost) => unread(question, lost)));
    signal?.throwIfAborted();
    const reads = await readsOf(processes);
    // Nothing found in processes that are gone is no sign that they had opened nothing.
    if (files.length === 0 && reads.length === 0) throw new Error("weights: its processes are gone");
    return { files: files.slice(0, MOST_FILES), reads, remotes: await remotesOf(processes) };
  } finally {
    if (question.watch === null) await watch.close();
  }
}

/** Nonce-picked blocks of a file that was found before, through the descriptor that is held; null when it is not held any more or cannot be read. */
export async function sampleOpened(
  watch: WeightWatch | null,
  opened: Pick<OpenedFile, "device" | "inode">,
  nonce: string,
): Promise<WeightsSample | null> {
  const held = watch?.find(opened.device, opened.inode) ?? null;
  const file = held === null ? null : await reopen(held);
  if (file === null) return null;
  try {
    const result = await sampleFile(file, (await file.stat()).size, nonce);
    return result.ok ? result.sample : null;
  } finally {
    await file.close();
  }
}

type Found = { readonly opening: Opening; readonly file: HeldFile };

const importance = ({ file, opening }: Found) => (file.format === "other" ? 0 : 1e16) + opening.size;

async function describeAll(question: WeightsQuestion, watch: WeightWatch, found: readonly Found[]) {
  const contents = new Map<number, FileContent>();
  let budget = SPARE_BYTES + MOST_GROWTH * question.original.weights.reduce((sum, { size }) => sum + size, 0);
  const extents = extentsOnce(question.signal);
  const files: OpenedFile[] = [];
  for (const { opening, file } of found) {
    let content = contents.get(file.id);
    if (content === undefined) {
      content = await readHeldFile(file, { ...question, mark: question.original.mark, mostBytes: budget });
      contents.set(file.id, content);
      budget -= content.shards.length > 0 ? content.size : 0;
    }
    const sharesBlocks =
      question.sameDevice && (await sharesWithOriginal(question.original, watch, file, extents));
    files.push(await describe(question, opening, file, content, sharesBlocks));
  }
  return files;
}

async function describe(
  { original, sameDevice }: WeightsQuestion,
  opening: Opening,
  { device, inode }: HeldFile,
  content: FileContent,
  sharesBlocks: boolean,
): Promise<OpenedFile> {
  const { process, how, seen, path, mount } = opening;
  const { links, size, format, family, shards, mark } = content;
  const facts = { device, inode, links, path, mount, sharesBlocks };
  const notes = [content.why, await nameNote(opening, device, inode, links)].filter((note) => note !== "");
  return {
    process,
    how,
    seen,
    path: boundedText(path, 512),
    device,
    inode,
    links,
    size,
    fsType: boundedText(mount.fsType, 40),
    mount: boundedText(mount.point, 512),
    lineage: lineageOf(facts, original, sameDevice),
    format,
    family,
    shards,
    mark,
    why: boundedText(notes.join("; "), 300),
  };
}

/** It must not look as if the process had opened nothing. */
function unread({ original, sameDevice }: WeightsQuestion, lost: Unreachable): OpenedFile {
  const { process, seen, path, device, inode, bytes } = lost;
  const mount = { fsType: "", point: "", root: "/", writable: true };
  const lineage = lineageOf(
    { device, inode, links: 0, path, mount, sharesBlocks: false },
    original,
    sameDevice,
  );
  return {
    ...{ process, how: "map", seen, path: boundedText(path, 512), device, inode, links: 0, size: bytes },
    ...{ fsType: "", mount: "", lineage, format: "other", family: "", shards: [], mark: false },
    why: "mapped, without a name that leads to it; only a daemon with the machine's real root can read such a file",
  };
}

/** What became of the name. Its path is only asked who is there: nothing is read through it. */
async function nameNote(
  { process, path }: Opening,
  device: string,
  inode: string,
  links: number,
): Promise<string> {
  if (links === 0) return "it has no name any more (deleted)";
  const there = await stat(`/proc/${process.pid}/root${path}`, { bigint: true }).catch(() => null);
  if (there === null) return "its path leads nowhere now";
  const same = deviceText(there.dev) === device && String(there.ino) === inode;
  return same ? "" : "another file is at its path now";
}

type ExtentReader = (file: HeldFile) => Promise<Extent[] | null>;

function extentsOnce(signal: AbortSignal | undefined): ExtentReader {
  const known = new Map<number, Promise<Extent[] | null>>();
  return (file) => {
    const extents = known.get(file.id) ?? extentsOf(file.fd, signal);
    known.set(file.id, extents);
    return extents;
  };
}

/** The original's own processes are in the same cell, so its files are held as well. */
async function sharesWithOriginal(
  original: OriginalFacts,
  watch: WeightWatch,
  file: HeldFile,
  extents: ExtentReader,
) {
  for (const { device, inode } of original.files) {
    const theirs = device === file.device && inode !== file.inode ? watch.find(device, inode) : null;
    if (theirs === null) continue;
    const [a, b] = [await extents(file), await extents(theirs)];
    if (a !== null && b !== null && overlap(a, b)) return true;
  }
  return false;
}
