/**
 * A checkpoint: everything that determines the rest of a training. Random draws depend only on the seed and the place, so the place, the
 * parameters and their momentum are the whole state, and a resumed training is bitwise the same as one that never stopped.
 *
 *     uint32 length of the header | header, JSON | theta, float32 LE | momentum, float32 LE
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { MeanetError } from "@meanet/runtime";
import { z } from "zod";

const headerSchema = z.strictObject({
  format: z.literal(1),
  /** Of everything that determines the training: recipe of the part, network, data, and a frozen part's parameters. */
  fingerprint: z.string(),
  /** Of the frames, their split and normalisation; absent in checkpoints of older releases. */
  frames: z.string().optional(),
  epoch: z.int().nonnegative(),
  step: z.int().nonnegative(),
  parameters: z.int().positive(),
  /** Of the unfinished epoch. */
  lossSum: z.number(),
  correct: z.number(),
  /** Training time so far, across resumes. */
  seconds: z.number(),
  sha256: z.string(),
});

export interface Checkpoint {
  readonly fingerprint: string;
  /** Of the frames, their split and normalisation. */
  readonly frames?: string | undefined;
  /** The epoch and the step that come next. */
  readonly epoch: number;
  readonly step: number;
  readonly lossSum: number;
  readonly correct: number;
  readonly seconds: number;
  readonly theta: Float32Array;
  readonly momentum: Float32Array;
}

/**
 * Writes a checkpoint beside the old one, then renames it: a crash leaves one of the two whole.
 *
 * @throws {MeanetError} CHECKPOINT_UNWRITABLE
 */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const { theta, momentum, ...place } = checkpoint;
  const state = Buffer.concat([bytesOf(theta), bytesOf(momentum)]);
  const header = Buffer.from(
    JSON.stringify({
      format: 1,
      ...place,
      parameters: theta.length,
      sha256: createHash("sha256").update(state).digest("hex"),
    }),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, Buffer.concat([length, header, state]), { flush: true });
    await rename(`${path}.new`, path);
  } catch (cause) {
    throw checkpointUnwritable(path, cause);
  }
}

/**
 * Reads a checkpoint; `undefined` when there is none.
 *
 * @param frames - fingerprint of the frames that the training goes on with: of others, some held out now were learned from before
 * @throws {MeanetError} CHECKPOINT_MISMATCH when it is damaged or another training's
 */
export async function readCheckpoint(
  path: string,
  fingerprint: string,
  frames?: string,
): Promise<Checkpoint | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return undefined;
    }
    throw mismatch(path, `it cannot be read (${(error as NodeJS.ErrnoException).code})`, error);
  }
  const headerEnd = bytes.length < 4 ? 0 : 4 + bytes.readUInt32LE(0);
  let header: z.infer<typeof headerSchema>;
  try {
    header = headerSchema.parse(JSON.parse(bytes.subarray(4, headerEnd).toString()));
  } catch (cause) {
    throw mismatch(path, "it is damaged", cause);
  }
  const state = bytes.subarray(headerEnd);
  if (createHash("sha256").update(state).digest("hex") !== header.sha256) {
    throw mismatch(path, "it is damaged");
  }
  if (header.fingerprint !== fingerprint) {
    throw mismatch(path, "it belongs to another recipe, network or data");
  }
  if (header.frames !== undefined && frames !== undefined && header.frames !== frames) {
    throw mismatch(path, "the frames, or their mean and std, are others than when it began");
  }
  const floats = new Float32Array(2 * header.parameters);
  bytesOf(floats).set(state);
  return {
    fingerprint,
    ...(header.frames === undefined ? {} : { frames: header.frames }),
    epoch: header.epoch,
    step: header.step,
    lossSum: header.lossSum,
    correct: header.correct,
    seconds: header.seconds,
    theta: floats.subarray(0, header.parameters),
    momentum: floats.subarray(header.parameters),
  };
}

/** A short name of everything that determines a training: equal for equal values, whatever the order of keys. */
export function fingerprintOf(value: unknown, ...arrays: readonly ArrayBufferView[]): string {
  const hash = createHash("sha256").update(JSON.stringify(sortedKeys(value)));
  for (const array of arrays) {
    hash.update(bytesOf(array));
  }
  return hash.digest("hex").slice(0, 32);
}

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sortedKeys);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, entry]) => [key, sortedKeys(entry)]));
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The error for a file or folder of a training under way that cannot be written. */
export function checkpointUnwritable(path: string, cause: unknown): MeanetError {
  const { code = String(cause) } = cause as NodeJS.ErrnoException;
  return new MeanetError(
    "CHECKPOINT_UNWRITABLE",
    `${path} cannot be written (${code}); give it rights or room, or name another folder with --work`,
    { path },
    { cause },
  );
}

function mismatch(path: string, reason: string, cause?: unknown): MeanetError {
  return new MeanetError(
    "CHECKPOINT_MISMATCH",
    `${path}: ${reason}; remove it to train anew, or go back to its recipe and data`,
    { path },
    { cause },
  );
}
