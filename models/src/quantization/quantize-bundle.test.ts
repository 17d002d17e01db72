import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type ErrorCode, isMeanetError } from "@meanet/runtime";
import { type Bundle, loadBundle } from "../bundle/bundle.ts";
import { goldenErrors, readGolden } from "../bundle/golden.ts";
import { zooPath } from "../bundle/zoo.ts";
import type { Dataset } from "../data/dataset.ts";
import { openDataset } from "../data/open-dataset.ts";
import type { Evaluation } from "../evaluation/evaluate.ts";
import { openBundleFrames } from "./bundle-frames.ts";
import type { QuantizeProgress } from "./progress.ts";
import { quantizeBundle } from "./quantize-bundle.ts";

const withReason = (code: ErrorCode, reason: RegExp) => (error: unknown) =>
  isMeanetError(error, code) && reason.test(error.message);

describe("the int8 variant of a bundle", () => {
  let root: string;
  let source: Bundle;
  let sample: Dataset;
  let data: Dataset;
  let made: Bundle;
  const progress: QuantizeProgress[] = [];

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "meanet-quantize-"));
    sample = await openDataset("fashion-mnist", {
      from: join(import.meta.dirname, "..", "..", "samples", "fashion-mnist"),
    });
    // The sample's frames stand in for the training part: 800 to calibrate on, 200 held out.
    data = { ...sample, has: async (split) => split === "train", read: () => sample.read("test") };
    const zoo = await loadBundle(zooPath("fashion-mnist"));
    const { provenance } = zoo.manifest;
    const counts = { ...provenance.data, trainCount: 800, heldOutCount: 200 };
    source = { ...zoo, manifest: { ...zoo.manifest, provenance: { ...provenance, data: counts } } };
    made = await quantizeBundle(source, {
      out: join(root, "int8"),
      data,
      frames: 60,
      onProgress: (step) => progress.push(step),
    });
  });
  after(() => rm(root, { recursive: true }));

  it("is the same bundle under a name of its own, and says what it was made from", async () => {
    const { manifest } = await loadBundle(join(root, "int8"));
    const { name, files, provenance, ...rest } = manifest;
    const {
      name: sourceName,
      files: sourceFiles,
      provenance: sourceProvenance,
      ...sourceRest
    } = source.manifest;
    assert.equal(name, `${sourceName}-int8`);
    assert.deepEqual(rest, sourceRest);
    const { quantization, ...before } = provenance;
    assert.deepEqual(before, sourceProvenance);
    assert.deepEqual(quantization!.from.sha256, {
      main: sourceFiles.main.sha256,
      extension: sourceFiles.extension.sha256,
      cloud: sourceFiles.cloud!.sha256,
    });
    assert.deepEqual(quantization!.calibration, { frames: 60, seed: 1 });
    assert.notEqual(files.cloud!.sha256, sourceFiles.cloud!.sha256);
  });

  it("leaves a model of narrow layers alone, and makes the others a third of their size", () => {
    const { quantization } = made.manifest.provenance;
    assert.deepEqual(Object.keys(quantization!.parts), ["extension", "cloud"]);
    assert.deepEqual(made.files.main, source.files.main);
    for (const part of Object.values(quantization!.parts)) {
      assert.ok(part.bytes.int8 < 0.4 * part.bytes.float32, JSON.stringify(part.bytes));
      assert.ok(part.speed.ratio > 0);
    }
  });

  it("loses few answers, and tells how many", async () => {
    const { heldOut, test } = made.manifest.provenance.quantization!.accuracy;
    assert.equal(test, undefined); // the folder has no test part
    for (const who of ["main", "edge", "cloud"] as const) {
      // One frame of 200 is half a point.
      const loss = heldOut.float32[who]! - heldOut.int8[who]!;
      assert.ok(loss <= 0.02, `${who} loses ${loss}`);
    }
    const shipped = JSON.parse(await readFile(join(root, "int8", "evaluation.json"), "utf8")) as Evaluation[];
    assert.equal(shipped[0]!.edge.accuracy, heldOut.int8.edge);
    assert.match(
      await readFile(join(root, "int8", "card.md"), "utf8"),
      /## Quantisation\n\nMade from fashion-mnist 1/,
    );
  });

  it("answers as its own golden.json says, and not as the float32 models", async () => {
    const golden = await readGolden(join(root, "int8"));
    for (const [part, error] of Object.entries(await goldenErrors(made.files, golden))) {
      assert.ok(error <= golden.tolerance, `${part}: ${error}`);
    }
    const float32 = await goldenErrors(source.files, golden);
    assert.ok(float32.cloud! > 0.01, `${float32.cloud}`);
  });

  it("was chosen among all ways to choose ranges, with what each reached", () => {
    const tried = progress.filter((step) => step.kind === "tried");
    const methods = tried.filter(({ part, kept }) => part === "cloud" && kept === "none");
    assert.deepEqual(
      methods.map(({ method }) => method),
      ["min-max", "percentile-99.99", "percentile-99.9", "entropy"],
    );
    const { method, kept } = made.manifest.provenance.quantization!.parts.cloud!;
    const best = Math.max(...tried.filter(({ part }) => part === "cloud").map(({ accuracy }) => accuracy));
    const chosen = tried.find(
      (step) => step.part === "cloud" && step.method === method && step.kept === kept,
    );
    assert.equal(chosen!.accuracy, best);
  });

  it("never saw a held-out frame in calibration", async () => {
    const { calibration, heldOut } = await openBundleFrames(source.manifest, data, 500);
    assert.equal(calibration.indices.length, 500);
    assert.equal(new Set([...calibration.indices, ...heldOut.indices]).size, 700);
  });

  it("is made byte for byte the same again", async () => {
    const again = await quantizeBundle(source, {
      out: join(root, "again"),
      data,
      frames: 60,
      parts: ["cloud"],
    });
    assert.deepEqual(again.files.cloud, made.files.cloud);
    assert.deepEqual(again.files.extension, source.files.extension);
    // An extension in float32 may be trained in service, which takes reference frames; int8 may not.
    assert.deepEqual(again.files.reference, source.files.reference);
    assert.equal(made.files.reference, undefined);
  });

  it("keeps no frame of data that may not be passed on: no reference, and golden inputs of its own", async () => {
    const closed = await quantizeBundle(source, {
      out: join(root, "closed"),
      data: { ...data, redistributable: false },
      frames: 60,
      parts: ["cloud"],
    });
    assert.equal(closed.files.reference, undefined);
    const golden = await readGolden(closed.dir);
    assert.notDeepEqual(golden.cases.main!.inputs, (await readGolden(made.dir)).cases.main!.inputs);
    assert.ok(Object.values(await goldenErrors(closed.files, golden)).every((error) => error < 1e-5));
  });

  it("is refused of a bundle that is int8, of parts that are not there or gain nothing, and without its data", async () => {
    const out = join(root, "refused");
    await assert.rejects(
      quantizeBundle(made, { out, data }),
      withReason("QUANTIZATION_REFUSED", /fashion-mnist-int8 is int8 already.*fashion-mnist 1/),
    );
    const { main, extension } = source.files;
    await assert.rejects(
      quantizeBundle({ ...source, files: { main, extension } }, { out, data, parts: ["cloud"] }),
      withReason("QUANTIZATION_REFUSED", /has main, extension; .* received cloud/),
    );
    await assert.rejects(
      quantizeBundle(source, { out, data, parts: ["main"] }),
      withReason("QUANTIZATION_REFUSED", /narrower ones are faster in float32/),
    );
    await assert.rejects(
      quantizeBundle(source, { out, data: sample }),
      withReason("DATASET_MISSING", /train-images/),
    );
    const whole = await loadBundle(zooPath("fashion-mnist"));
    await assert.rejects(
      quantizeBundle(whole, { out, data }),
      withReason("QUANTIZATION_REFUSED", /1000 training frames .* was made of 60000/),
    );
    const { manifest } = source;
    const { data: known } = manifest.provenance;
    const grown = { ...known, trainCount: known.trainCount - 1 };
    const before = {
      ...source,
      manifest: { ...manifest, provenance: { ...manifest.provenance, data: grown } },
    };
    const tried: unknown[] = [];
    await assert.rejects(
      quantizeBundle(before, { out, data, onProgress: (progress) => tried.push(progress) }),
      withReason("DATASET_CHANGED", /which of them are held out is not known/),
    );
    assert.deepEqual(tried, []);
  });
});
