import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import type { LabelledImages } from "../data/dataset.ts";
import { loadBundle } from "./bundle.ts";
import { addReference, drawReference, readReference } from "./reference.ts";
import { zooPath } from "./zoo.ts";

const LENGTH = 28 * 28;
/** Frame i is filled with i, and of class i mod 10. */
const images: LabelledImages = {
  kind: "image",
  count: 200,
  shape: [1, 28, 28],
  images: bytes(200 * LENGTH, (at) => Math.floor(at / LENGTH)),
  labels: bytes(200, (at) => at % 10),
};
const indices = Uint32Array.from({ length: 150 }, (_, at) => at);

function bytes(length: number, value: (at: number) => number): Uint8Array<SharedArrayBuffer> {
  const shared = new Uint8Array(new SharedArrayBuffer(length));
  for (let at = 0; at < length; at++) shared[at] = value(at);
  return shared;
}

describe("reference frames", () => {
  let dir: string;
  before(async () => {
    dir = join(await mkdtemp(join(tmpdir(), "meanet-reference-")), "bundle");
    await cp(zooPath("fashion-mnist"), dir, { recursive: true });
  });
  after(() => rm(join(dir, ".."), { recursive: true }));

  it("are as many of each class, of the frames given only, and the same for the same seed", () => {
    const raw = drawReference(images, indices, { perClass: 3, seed: 1 });
    assert.deepEqual(
      raw.labels,
      Array.from({ length: 30 }, (_, at) => Math.floor(at / 3)),
    );
    const drawn = raw.labels.map((label, at) => [label, raw.frames[at * LENGTH]!] as const);
    assert.ok(drawn.every(([label, index]) => index % 10 === label && index < 150));
    assert.equal(new Set(drawn.map(([, index]) => index)).size, 30);
    assert.deepEqual(drawReference(images, indices, { perClass: 3, seed: 1 }), raw);
    assert.notDeepEqual(drawReference(images, indices, { perClass: 3, seed: 2 }).frames, raw.frames);
  });

  it("travel with a bundle: added to one without, and read as its models take them", async () => {
    const raw = drawReference(images, indices, { perClass: 2, seed: 1 });
    const bundle = await addReference(dir, raw);
    assert.equal(bundle.manifest.files.reference?.items, 20);
    const { input } = bundle.manifest;
    const { labels, tensors } = readReference(bundle)!;
    assert.deepEqual(labels, raw.labels);
    const expected = (raw.frames[5 * LENGTH]! / 255 - input.mean[0]!) / input.std[0]!;
    assert.ok(Math.abs(tensors[5 * LENGTH]! - expected) < 1e-6);
    assert.equal(tensors.length, 20 * LENGTH);
  });

  it("are checked against the manifest like every other file", async () => {
    const file = join(dir, "reference.bin");
    const bytes = await readFile(file);
    bytes[3]! ^= 1;
    await writeFile(file, bytes);
    await assert.rejects(loadBundle(dir), (error) => isMeanetError(error, "BUNDLE_MISMATCH"));
  });

  it("that do not fill their frames are refused", async () => {
    const raw = drawReference(images, indices, { perClass: 2, seed: 1 });
    const bundle = await addReference(dir, { ...raw, frames: raw.frames.subarray(1) });
    assert.throws(
      () => readReference(bundle),
      (error) => isMeanetError(error, "BUNDLE_INVALID"),
    );
  });
});
