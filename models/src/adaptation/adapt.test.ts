import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import type { Bundle } from "../bundle/bundle.ts";
import { toTensor, windowTensor } from "../bundle/tensor.ts";
import { quadrantFrames, swellWindows, writeQuadrantBundle, writeSwellBundle } from "../testing/index.ts";
import { adapt } from "./adapt.ts";
import { startAdaptation } from "./adaptation.ts";
import { learnableExtension } from "./learnable.ts";
import type { AdaptationStep, AdaptationTask } from "./task.ts";

const recipe = {
  epochs: 4,
  learningRate: 0.05,
  batch: 16,
  replay: 0.5,
  statistics: "recomputed",
  seed: 5,
} as const;
const nowMs = () => performance.now();
const open = { gate: () => 0, nowMs, onStep: () => undefined };

describe("adaptation", () => {
  let folder: string;
  let bundle: Bundle;
  let task: AdaptationTask;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "meanet-adaptation-"));
    bundle = await writeQuadrantBundle(join(folder, "bundle"));
    const { labels, frames } = quadrantFrames(64, 2);
    const { input } = bundle.manifest;
    assert.ok(input.kind === "image");
    task = {
      bundle,
      hardClasses: [0, 1, 2, 3],
      items: {
        tensors: toTensor(frames, input),
        labels,
        weights: labels.map(() => 1),
        heldOut: labels.map((_, at) => at % 8 >= 4),
      },
      recipe,
      maxComputeMs: 600_000,
      maxBytes: 512 * 2 ** 20,
    };
  });
  after(() => rm(folder, { recursive: true }));

  it("learns what the store shows, tells every epoch, and gives the same model for the same seed", async () => {
    const steps: AdaptationStep[] = [];
    const first = await adapt(task, { ...open, onStep: (step) => steps.push(step) });
    const epochs = steps.filter((step) => step.kind === "epoch");
    assert.deepEqual(
      epochs.map(({ epoch }) => epoch),
      [1, 2, 3, 4],
    );
    assert.ok(epochs.at(-1)!.loss < epochs[0]!.loss);
    assert.equal(first.heldOut.items, 32);
    assert.ok(first.heldOut.candidate > 0.9 && first.heldOut.current < 0.6, JSON.stringify(first.heldOut));
    assert.equal(first.reference?.items, 20);
    assert.ok(first.reference.candidate > 0.9, JSON.stringify(first.reference));
    assert.ok(steps.every((step) => step.kind !== "work" || step.macs > 0));
    const again = await adapt(task, open);
    assert.ok(Buffer.from(again.extension).equals(Buffer.from(first.extension)));
    const other = await adapt({ ...task, recipe: { ...recipe, seed: 6 } }, open);
    assert.ok(!Buffer.from(other.extension).equals(Buffer.from(first.extension)));
  });

  it("goes on from the weights in force: a second training starts where the first ended", async () => {
    const first = await adapt(task, open);
    const learned = { ...bundle, files: { ...bundle.files, extension: first.extension } };
    const second = await adapt({ ...task, bundle: learned }, open);
    assert.equal(second.heldOut.current, first.heldOut.candidate);
  });

  it("asks at the gate between any two runs, and tells all that it waited there with the epochs", async () => {
    let asked = 0;
    let askedAtLast = 0;
    const paused: number[] = [];
    await adapt(task, {
      ...open,
      gate: () => {
        asked += 1;
        return 3;
      },
      onStep: (step) => {
        if (step.kind !== "epoch") return;
        paused.push(step.pausedMs);
        askedAtLast = asked;
      },
    });
    // Eight steps, and twenty runs for the statistics of the epoch before.
    assert.ok(paused.every((ms) => ms >= 8 * 3) && asked > 4 * 28, `${paused.join()} of ${asked}`);
    // Main's runs over all frames come before the first epoch.
    assert.equal(
      paused.reduce((sum, ms) => sum + ms, 0),
      3 * askedAtLast,
    );
  });

  it("asks before each run of the judgement too: frames do not wait for a whole store of them", async () => {
    const { labels, frames } = quadrantFrames(192, 3);
    const { input } = bundle.manifest;
    assert.ok(input.kind === "image");
    const heldOut = labels.map((_, at) => at >= 64);
    const items = { tensors: toTensor(frames, input), labels, weights: labels.map(() => 1), heldOut };
    let asked = 0;
    await adapt(
      { ...task, items },
      {
        ...open,
        gate: () => {
          asked += 1;
          return 0;
        },
        onStep: (step) => {
          if (step.kind === "epoch") asked = 0;
        },
      },
    );
    // Of both extensions, 32 frames a run: 128 held out and 20 of the reference.
    assert.equal(asked, 2 * (4 + 1));
  });

  it("begins no step after its computing time is over, in the first epoch as in any, and judges what it has", async () => {
    // A clock that moves at the gate alone: by a second before every run, the waiting left out.
    const { adaptive, extension } = bundle.manifest.blocks;
    const run = async (maxComputeMs: number, waitedMs: number) => {
      let clockMs = 0;
      const told: AdaptationStep[] = [];
      const result = await adapt(
        { ...task, maxComputeMs },
        {
          gate: () => {
            clockMs += 1000 + waitedMs;
            return waitedMs;
          },
          nowMs: () => clockMs,
          onStep: (step) => told.push(step),
        },
      );
      const ofStep = 3 * recipe.batch * (adaptive.macs + extension.macs);
      const steps = told.filter((step) => step.kind === "work" && step.macs === ofStep).length;
      return { steps, epochs: result.epochs, judgedBy: result.heldOut.items };
    };
    assert.deepEqual(await run(0, 0), { steps: 1, epochs: 1, judgedBy: 32 });
    // Four runs of main, three steps.
    assert.deepEqual(await run(6500, 0), { steps: 3, epochs: 1, judgedBy: 32 });
    assert.deepEqual(await run(6500, 500), { steps: 3, epochs: 1, judgedBy: 32 });
    assert.deepEqual(await run(1e9, 0), { steps: 4 * 8, epochs: 4, judgedBy: 32 });
  });

  it("learns another dictionary, and judges both by the classes they know", async () => {
    const narrow = await writeQuadrantBundle(join(folder, "narrow"), { hardClasses: [0, 1] });
    const result = await adapt({ ...task, bundle: narrow }, open);
    assert.ok(
      result.heldOut.current <= 0.5 && result.heldOut.candidate > 0.9,
      JSON.stringify(result.heldOut),
    );
  });

  it("does without reference frames where a bundle has none", async () => {
    const bare = await writeQuadrantBundle(join(folder, "bare"), { reference: 0 });
    const result = await adapt({ ...task, bundle: bare }, open);
    assert.equal(result.reference, null);
    assert.ok(result.heldOut.candidate > 0.9, JSON.stringify(result.heldOut));
  });

  it("learns sensor windows as it learns pictures", async () => {
    const windows = await writeSwellBundle(join(folder, "windows"));
    const { labels, frames } = swellWindows(64, 2);
    const { input } = windows.manifest;
    assert.ok(input.kind === "window");
    const items = { ...task.items, labels, tensors: windowTensor(frames, input) };
    const { heldOut, reference } = await adapt({ ...task, bundle: windows, items }, open);
    assert.ok(heldOut.candidate > 0.9 && heldOut.current < 0.6, JSON.stringify(heldOut));
    assert.ok(reference !== null && reference.candidate > 0.9, JSON.stringify(reference));
  });

  it("runs in a thread of its own, which can be held and stopped", async () => {
    const whole = startAdaptation(task, () => undefined);
    whole.pause();
    whole.resume();
    assert.ok((await whole.result).heldOut.candidate > 0.9);
    const stopped = startAdaptation(task, () => undefined);
    stopped.pause();
    stopped.stop();
    stopped.resume();
    await assert.rejects(stopped.result, (error) => isMeanetError(error, "TRAINING_ABORTED"));
  });

  it("refuses more memory than allowed, by name", async () => {
    const { result } = startAdaptation({ ...task, maxBytes: 1000 }, () => undefined);
    await assert.rejects(result, (error) => isMeanetError(error, "LEARNING_REFUSED"));
  });

  it("refuses a bundle that does not tell its extension's network, or has other weights than float", () => {
    const { provenance } = bundle.manifest;
    const nameless = {
      ...bundle,
      manifest: { ...bundle.manifest, provenance: { ...provenance, recipe: {} } },
    };
    const quantised = { ...bundle, files: { ...bundle.files, extension: bundle.files.main } };
    for (const [damaged, reason] of [
      [nameless, /does not tell the network/],
      [quantised, /quantised weights/],
    ] as const) {
      assert.throws(
        () => learnableExtension(damaged),
        (error) => isMeanetError(error, "LEARNING_UNSUPPORTED") && reason.test(error.message),
      );
    }
  });
});
