import {
  type Dataset,
  holdOut,
  type LabelledImages,
  type Manifest,
  type OfficialSplit,
  randomAt,
  shuffled,
} from "@meanet/models";
import { MeanetError } from "@meanet/runtime";

/** Frames to draw from. */
export interface Pool {
  readonly images: LabelledImages;
  readonly indices: Uint32Array;
}

/** No frame is in both. */
export interface Pools {
  /** What the camera sees, and the edge may learn from. */
  readonly streamed: Pool;
  /** What the figures come from. */
  readonly judged: Pool;
}

/**
 * Frames that the bundle's training never learned from, in two parts: the held-out frames are streamed and the official test set judges; with one
 * of them only, its halves.
 *
 * @throws {MeanetError} DATASET_MISSING, DATASET_CORRUPT; SCENARIO_UNFIT when the bundle was trained on another number of frames
 */
export async function openPools(dataset: Dataset, manifest: Manifest, seed: number): Promise<Pools> {
  const hasTrain = await dataset.has("train");
  const hasTest = await dataset.has("test");
  const heldOut = hasTrain ? await heldOutPool(dataset, manifest) : undefined;
  const test = hasTest || heldOut === undefined ? await testPool(dataset) : undefined;
  if (heldOut !== undefined && test !== undefined) return { streamed: heldOut, judged: test };
  const only = heldOut ?? test!;
  const [streamed, judged] = halves(only, seed);
  return { streamed, judged };
}

async function heldOutPool(dataset: Dataset, { name, provenance }: Manifest): Promise<Pool> {
  const images = await readImages(dataset, "train");
  const { trainCount, heldOutCount, splitSeed } = provenance.data;
  if (images.count !== trainCount + heldOutCount) {
    throw new MeanetError(
      "SCENARIO_UNFIT",
      `${name} was made of ${trainCount + heldOutCount} frames, but ${dataset.folder} holds ${images.count} to train on: which of them are held out is not known; give the folder that it was trained with`,
      { folder: dataset.folder, expected: trainCount + heldOutCount, actual: images.count },
    );
  }
  return { images, indices: holdOut(images, heldOutCount, splitSeed).heldOut };
}

async function testPool(dataset: Dataset): Promise<Pool> {
  const images = await readImages(dataset, "test");
  return { images, indices: Uint32Array.from({ length: images.count }, (_, index) => index) };
}

async function readImages(dataset: Dataset, split: OfficialSplit): Promise<LabelledImages> {
  const frames = await dataset.read(split);
  if (frames.kind !== "image") {
    throw new MeanetError(
      "INPUT_KIND_UNSUPPORTED",
      `the scenario darkens images, and ${dataset.name} holds sensor ${frames.kind}s; name a bundle of images`,
      { dataset: dataset.name },
    );
  }
  return frames;
}

/** Each class goes to both sides in turn. */
function halves({ images, indices }: Pool, seed: number): readonly [Pool, Pool] {
  const sides: [number[], number[]] = [[], []];
  const seen = new Map<number, number>();
  for (const index of shuffled(indices, randomAt(seed))) {
    const label = images.labels[index]!;
    const place = seen.get(label) ?? 0;
    seen.set(label, place + 1);
    sides[place % 2 === 0 ? 0 : 1].push(index);
  }
  const [first, second] = sides;
  return [
    { images, indices: Uint32Array.from(first) },
    { images, indices: Uint32Array.from(second) },
  ];
}
