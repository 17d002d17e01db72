import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Dataset,
  holdOut,
  type LabelledImages,
  loadBundle,
  type Manifest,
  resolveBundle,
} from "@meanet/models";
import { isMeanetError } from "@meanet/runtime";
import { lowLightConfigSchema } from "./config.ts";
import { planLowLight } from "./plan.ts";
import { openPools, type Pool } from "./pools.ts";
import { isTold, judgedSources, phaseSource } from "./sources.ts";

const CLASSES = 10;

/** Frame n is n in every byte of its first row. */
function images(count: number): LabelledImages {
  const planes = new Uint8Array(new SharedArrayBuffer(count * 784));
  const labels = new Uint8Array(new SharedArrayBuffer(count));
  for (const index of labels.keys()) {
    labels[index] = index % CLASSES;
    planes.fill(index % 256, index * 784, index * 784 + 28);
  }
  return { kind: "image", count, shape: [1, 28, 28], images: planes, labels };
}

function dataset(parts: { readonly train?: LabelledImages; readonly test?: LabelledImages }): Dataset {
  return {
    ...{
      name: "small",
      shape: [1, 28, 28],
      classes: [],
      folder: "/data",
      licence: "MIT",
      redistributable: true,
    },
    has: async (split) => parts[split] !== undefined,
    read: async (split) => parts[split]!,
  };
}

const bundle = await loadBundle(await resolveBundle("fashion-mnist"));
const manifest: Manifest = {
  ...bundle.manifest,
  provenance: {
    ...bundle.manifest.provenance,
    data: { ...bundle.manifest.provenance.data, trainCount: 400, heldOutCount: 100, splitSeed: 1 },
  },
};
const train = images(500);
const test = images(200);
const classCounts = ({ images: { labels }, indices }: Pool) =>
  Array.from({ length: CLASSES }, (_, label) => indices.filter((index) => labels[index] === label).length);

describe("pools", () => {
  it("stream held-out frames and judge by the official test set", async () => {
    const { streamed, judged } = await openPools(dataset({ train, test }), manifest, 1);
    assert.equal(streamed.images, train);
    assert.deepEqual(streamed.indices, holdOut(train, 100, 1).heldOut);
    assert.equal(judged.images, test);
    assert.equal(judged.indices.length, 200);
  });

  for (const [parts, count] of [
    [{ train }, 100],
    [{ test }, 200],
  ] as const) {
    it(`of ${Object.keys(parts)[0]} alone are its halves, alike in classes, with no frame in both`, async () => {
      const { streamed, judged } = await openPools(dataset(parts), manifest, 1);
      const both = new Set([...streamed.indices, ...judged.indices]);
      assert.equal(both.size, count);
      assert.deepEqual(classCounts(streamed), new Array(CLASSES).fill(count / CLASSES / 2));
      assert.deepEqual(classCounts(judged), classCounts(streamed));
    });
  }

  it("refuse a training set of which nobody knows what the bundle learned from", async () => {
    await assert.rejects(openPools(dataset({ train: images(450), test }), manifest, 1), (error) =>
      isMeanetError(error, "SCENARIO_UNFIT"),
    );
  });
});

describe("sources", () => {
  const plan = planLowLight(lowLightConfigSchema.parse({ judged: 60, frames: 20 }), 0.5);
  const pool: Pool = { images: test, indices: Uint32Array.from({ length: 200 }, (_, index) => index) };

  it("show the same frames and the same noise in every run", () => {
    for (const phase of plan.phases) {
      const [first, second] = [
        phaseSource(pool, manifest, plan, phase),
        phaseSource(pool, manifest, plan, phase),
      ];
      for (const place of [0, 7, 19]) assert.deepEqual(first.at(place), second.at(place));
    }
  });

  it("of a phase in low light give a frame that comes again other noise", () => {
    const shifted = phaseSource(pool, manifest, plan, plan.phases[1]!);
    assert.notDeepEqual(shifted.at(0).payload, shifted.at(shifted.count).payload);
    assert.equal(shifted.at(0).label, shifted.at(shifted.count).label);
  });

  it("to be judged are clean frames as they are, and those of hard classes among them in low light", () => {
    const { clean, shiftedHard } = judgedSources(pool, manifest, plan);
    assert.equal(clean.count, 60);
    const payloads = Array.from({ length: 60 }, (_, place) => clean.at(place));
    assert.ok(payloads.every(({ payload, classIndex }) => payload[0]! % CLASSES === classIndex));
    const hard = payloads.filter(({ classIndex }) => manifest.hardClasses.includes(classIndex));
    assert.equal(shiftedHard.count, hard.length);
    assert.deepEqual(
      hard.map(({ label }) => label),
      Array.from({ length: shiftedHard.count }, (_, place) => shiftedHard.at(place).label),
    );
    assert.notDeepEqual(shiftedHard.at(0).payload, hard[0]!.payload);
  });

  it("tell labels by their share", () => {
    const places = Array.from({ length: 1_000 }, (_, place) => place);
    const told = (index: number) => places.filter((place) => isTold(plan, plan.phases[index]!, place)).length;
    assert.equal(told(0), 0);
    assert.ok(Math.abs(told(1) - 500) < 60);
  });
});
