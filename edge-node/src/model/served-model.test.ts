import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { loadBundle, writeBundle } from "@meanet/models";
import { isMeanetError } from "@meanet/runtime";
import { writeTestBundle } from "../bundle-for-tests.ts";
import { configSchema } from "../config.ts";
import { newFolder } from "../site-for-tests.ts";
import { ModelSlots } from "./model-slots.ts";
import { ServedModel } from "./served-model.ts";

let folder: Awaited<ReturnType<typeof newFolder>>;
before(async () => {
  folder = await newFolder();
});
after(() => folder.remove());

const { engine } = configSchema.parse({});
const open = (name: string) => ServedModel.open(name, engine, () => undefined);
const frame = Float32Array.from([0, 1, 0, 0, 1, 0]);

describe("ServedModel", () => {
  test("runs a batch frame by frame as it would each alone", async () => {
    const model = await open(folder.bundle);
    const other = Float32Array.from([0, 0, 0, 0.5, 0, 1]);
    const { y1, features } = await model.runMain([frame, other]);
    assert.deepEqual(y1, [Float32Array.from([0, 20, 0, 0, 0]), Float32Array.from([0, 0, 0, 10, 0])]);
    assert.deepEqual(features, [frame, other]);
    const { y2 } = await model.runExtension([frame, other], features);
    assert.deepEqual(y2, [Float32Array.from([20, 0]), Float32Array.from([0, 20])]);
    await model.retire();
  });

  test("serves a main made for one frame a run as any other", async () => {
    const model = await open(
      await writeTestBundle(join(folder.bundle, ".."), { version: "1.0.1", singleMain: true }),
    );
    assert.equal(model.manifest.files.main.batch, 1);
    const other = Float32Array.from([0, 0, 0, 0.5, 0, 1]);
    const { y1, features } = await model.runMain([frame, other]);
    assert.deepEqual(y1, [Float32Array.from([0, 20, 0, 0, 0]), Float32Array.from([0, 0, 0, 10, 0])]);
    assert.deepEqual(features, [frame, other]);
    await model.retire();
  });

  test("tells hard from easy by main's answer, and the decision by the dictionary", async () => {
    const model = await open(folder.bundle);
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((index) =>
        model.callsHard(Array.from({ length: 5 }, (_, at) => Number(at === index))),
      ),
      [false, true, false, true, false],
    );
    assert.deepEqual(model.decide([0.1, 0.6, 0.1, 0.1, 0.1], [0.8, 0.2]), {
      classIndex: 3,
      confidence: 0.8,
      exit: "extension",
    });
    assert.deepEqual(model.decide([0.1, 0.6, 0.1, 0.1, 0.1], undefined), {
      classIndex: 1,
      confidence: 0.6,
      exit: "main",
    });
    await model.retire();
  });

  test('decides by the weight and temperatures of its bundle, and leaves main its answer where the extension says "not hard"', async () => {
    const model = await open(await writeTestBundle(folder.path, { version: "2.0.0", notHard: true }));
    const { features } = await model.runMain([frame]);
    const { y2 } = await model.runExtension([frame], features);
    assert.deepEqual(y2, [Float32Array.from([20, 0, 0])]);
    // Main's distribution at temperature 2 is that of its roots.
    const p1 = [0.04, 0.81, 0.01, 0.09, 0.05];
    const roots = p1.map(Math.sqrt);
    const sum = roots.reduce((total, root) => total + root, 0);
    const hard = (roots[1]! + roots[3]!) / sum;
    const { classIndex, confidence } = model.decide(p1, [0.1, 0.7, 0.2]);
    assert.equal(classIndex, 1);
    assert.ok(Math.abs(confidence - ((0.75 * roots[1]!) / sum + 0.25 * hard * (0.7 / 0.8))) < 1e-12);
    assert.equal(model.decide(p1, [0.1, 0.4, 0.5]).exit, "main");
    await model.retire();
  });

  test("is refused when its extension cannot say what its manifest says it may", async () => {
    const { manifest, files } = await loadBundle(folder.bundle);
    const { files: _entries, schema: _schema, ...described } = manifest;
    const dir = join(folder.path, "promised");
    await writeBundle(dir, { manifest: { ...described, notHard: true }, files });
    await assert.rejects(
      open(dir),
      (error) => isMeanetError(error, "BUNDLE_INVALID") && /5 and 3/.test(error.message),
    );
  });

  test("serves the frames that hold it after it is retired, and closes with the last of them", async () => {
    const model = await open(folder.bundle);
    model.retain().retain();
    await model.retire();
    model.release();
    assert.equal((await model.runMain([frame])).y1.length, 1);
    model.release();
    await assert.rejects(model.runMain([frame]), { code: "ENGINE_CLOSED" });
  });

  test("serves an int8 bundle like any other: F1 passes between its models as float32", async () => {
    const model = await open("fashion-mnist-int8");
    assert.equal(model.name, "fashion-mnist-int8@1.0.0");
    const grey = new Float32Array(28 * 28);
    const { y1, features } = await model.runMain([grey, grey]);
    assert.equal(y1[1]!.length, 10);
    const { y2 } = await model.runExtension([grey, grey], features);
    assert.deepEqual(y2[0], y2[1]);
    assert.equal(y2[0]!.length, 5);
    await model.retire();
  });
});

describe("ModelSlots", () => {
  test("keeps the bundle in force when another cannot be opened", async () => {
    const slots = new ModelSlots(open);
    await slots.replace(folder.bundle);
    const before = slots.current("image");
    await assert.rejects(slots.replace("no-such-bundle"), { code: "BUNDLE_MISSING" });
    assert.equal(slots.current("image"), before);
    await slots.close();
    await assert.rejects(before!.runMain([frame]), { code: "ENGINE_CLOSED" });
  });

  test("does not put a bundle in force that is ready only after the close", async () => {
    const slots = new ModelSlots(open);
    await slots.replace(folder.bundle);
    const late = slots.replace(folder.bundle);
    const before = slots.current("image");
    await slots.close();
    await late;
    assert.equal(slots.current("image"), before);
  });
});
