import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { type ErrorCode, isMeanetError } from "@meanet/runtime";
import { type BundleContent, loadBundle, writeBundle } from "./bundle.ts";
import { imageInputOf, inputDims, parseManifest } from "./manifest.ts";
import { toPlanes, toTensor, windowTensor } from "./tensor.ts";
import { listBundles, resolveBundle, zooPath } from "./zoo.ts";

const part = { epochs: 1, seconds: 2, heldOutAccuracy: 0.5 };
const block = { parameters: 1, macs: 2 };
const content: BundleContent = {
  manifest: {
    name: "trial",
    version: "1.0.0",
    input: { kind: "image", shape: [1, 2, 2], mean: [0.5], std: [0.25] },
    classes: ["a", "b", "c"],
    hardClasses: [2, 0],
    threshold: 0.5,
    decision: "mean",
    blocks: { main: block, adaptive: block, extension: block, cloud: block },
    provenance: {
      data: { name: "none", licence: "MIT", trainCount: 9, heldOutCount: 1, splitSeed: 1 },
      recipe: { epochs: 1 },
      parts: { main: part, extension: part, cloud: part },
      machine: "test",
      createdAt: "2026-01-01T00:00:00.000Z",
    },
  },
  files: { main: Uint8Array.of(1, 2, 3), extension: Uint8Array.of(4), cloud: Uint8Array.of(5, 6) },
  beside: { "card.md": "# trial\n" },
};

const window = { kind: "window", shape: [2, 3], mean: [1, 1], std: [1, 0.5], rateHz: 50 } as const;

const withCode = (code: ErrorCode) => (error: unknown) => isMeanetError(error, code);

describe("a bundle", () => {
  let root: string;
  let dir: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "meanet-bundle-"));
    dir = join(root, "trial");
  });
  beforeEach(() => writeBundle(dir, content));
  after(() => rm(root, { recursive: true }));

  it("is read back as it was written", async () => {
    const { manifest, files } = await loadBundle(dir);
    assert.equal(manifest.schema, 1);
    assert.deepEqual(manifest.hardClasses, [2, 0]);
    assert.deepEqual(Uint8Array.from(files.cloud!), Uint8Array.of(5, 6));
    assert.equal(await readFile(join(dir, "card.md"), "utf8"), "# trial\n");
  });

  it("is refused when one byte of a model is flipped, and when a byte is appended", async () => {
    for (const bytes of [Uint8Array.of(1, 2, 2), Uint8Array.of(1, 2, 3, 0)]) {
      await writeFile(join(dir, "main.onnx"), bytes);
      await assert.rejects(loadBundle(dir), withCode("BUNDLE_MISMATCH"));
    }
  });

  it("is refused when a model is missing, the manifest is missing, or no JSON", async () => {
    await rm(join(dir, "extension.onnx"));
    await assert.rejects(loadBundle(dir), withCode("BUNDLE_MISSING"));
    await assert.rejects(loadBundle(join(root, "other")), withCode("BUNDLE_MISSING"));
    await writeFile(join(dir, "manifest.json"), "{");
    await assert.rejects(loadBundle(dir), withCode("BUNDLE_INVALID"));
  });

  it("may lack the cloud's network", async () => {
    const { main, extension } = content.files;
    const bundle = await writeBundle(dir, { ...content, files: { main, extension } });
    assert.equal(bundle.files.cloud, undefined);
    assert.equal(bundle.manifest.files.cloud, undefined);
  });

  it("takes the place of a bundle that is there, named with a slash at its end or without", async () => {
    for (const [index, name] of [dir, `${dir}/`].entries()) {
      await writeBundle(name, { ...content, beside: { "card.md": `${index}\n` } });
      assert.equal(await readFile(join(dir, "card.md"), "utf8"), `${index}\n`);
    }
    assert.deepEqual(await readdir(root), ["trial"]);
  });

  it("stands where it stood when the next could not be written whole", async () => {
    const beside = { "no-such-folder/card.md": "# trial\n" };
    await assert.rejects(writeBundle(dir, { ...content, beside }), { code: "ENOENT" });
    assert.equal((await loadBundle(dir)).manifest.name, "trial");
    await writeBundle(dir, content);
    assert.deepEqual(await readdir(root), ["trial"]);
  });

  it("takes the place of nothing else: what is somebody's stays", async () => {
    const folder = join(root, "papers");
    const file = join(folder, "thesis.txt");
    await mkdir(folder);
    await writeFile(file, "years of work");
    for (const place of [folder, file, join(file, "trial"), "/proc/trial"]) {
      await assert.rejects(writeBundle(place, content), withCode("BUNDLE_PLACE_REFUSED"));
    }
    assert.deepEqual(await readdir(folder), ["thesis.txt"]);
    await rm(file);
    await writeBundle(folder, content);
    await rm(folder, { recursive: true });
  });

  it("is found by path and listed with its neighbours", async () => {
    assert.equal(await resolveBundle(dir), dir);
    assert.equal(await resolveBundle("fashion-mnist"), zooPath("fashion-mnist"));
    const listed = await listBundles(root);
    assert.deepEqual(
      listed.map((entry) => entry.manifest.name),
      ["trial"],
    );
    await assert.rejects(listBundles(join(root, "nowhere")), withCode("BUNDLE_MISSING"));
  });
});

describe("a manifest", () => {
  const valid = (change: object) =>
    JSON.stringify({
      schema: 1,
      ...content.manifest,
      files: {
        main: { file: "main.onnx", sha256: "0".repeat(64), bytes: 1 },
        extension: { file: "extension.onnx", sha256: "0".repeat(64), bytes: 1 },
      },
      ...change,
    });

  it("names the field that is wrong", () => {
    for (const [change, field] of [
      [{ hardClasses: [2, 2] }, /hardClasses/],
      [{ hardClasses: [3, 0] }, /hardClasses/],
      [{ threshold: -1 }, /threshold/],
      [{ decision: "vote" }, /decision/],
      [{ decision: "fusion" }, /fusionWeight/],
      [{ fusionWeight: 1.5 }, /fusionWeight/],
      [{ temperatures: { main: 0, extension: 1 } }, /temperatures\.main/],
      [{ notHard: false }, /notHard/],
      [{ input: { ...content.manifest.input, std: [1, 1] } }, /input/],
      [{ input: { ...content.manifest.input, kind: "sound" } }, /input/],
      [{ input: { ...window, mean: [0] } }, /input/],
      [{ input: { ...window, rateHz: 0 } }, /rateHz/],
      [{ schema: 2 }, /schema/],
      [{ surprise: true }, /surprise/],
    ] as const) {
      assert.throws(
        () => parseManifest(valid(change), "manifest.json"),
        (error) => isMeanetError(error, "BUNDLE_INVALID") && field.test(error.message),
      );
    }
    assert.equal(parseManifest(valid({}), "manifest.json").name, "trial");
  });

  it("describes windows, which only some can serve", () => {
    const manifest = parseManifest(valid({ input: window }), "manifest.json");
    assert.deepEqual(manifest.input, window);
    assert.deepEqual(inputDims(manifest.input), [2, 1, 3]);
    assert.throws(() => imageInputOf(manifest, "the camera"), withCode("INPUT_KIND_UNSUPPORTED"));
  });

  it("may lack the size and history of the cloud's network, unless it has one", () => {
    const { cloud: _size, ...blocks } = content.manifest.blocks;
    const { provenance } = content.manifest;
    const { cloud: _history, ...parts } = provenance.parts;
    const changes = { blocks, provenance: { ...provenance, parts } };
    assert.equal(parseManifest(valid(changes), "manifest.json").blocks.cloud, undefined);
    const { files } = JSON.parse(valid({}));
    const withCloud = valid({
      ...changes,
      files: { ...files, cloud: { ...files.main, file: "cloud.onnx" } },
    });
    assert.throws(
      () => parseManifest(withCloud, "manifest.json"),
      (error) => isMeanetError(error, "BUNDLE_INVALID") && /blocks\.cloud/.test(error.message),
    );
  });

  it("may say how its edge decides, with what was fitted for it", () => {
    const temperatures = { main: 1.4, extension: 0.9 };
    const change = { decision: "fusion", fusionWeight: 0.65, temperatures, notHard: true };
    const { decision, fusionWeight, notHard, ...rest } = parseManifest(valid(change), "manifest.json");
    assert.deepEqual({ decision, fusionWeight, notHard, temperatures: rest.temperatures }, change);
  });

  it("never names a file outside its folder", () => {
    const files = JSON.parse(valid({})).files as { main: { file: string } };
    files.main.file = "../main.onnx";
    assert.throws(() => parseManifest(valid({ files }), "manifest.json"), withCode("BUNDLE_INVALID"));
  });
});

describe("windowTensor", () => {
  it("normalises each channel of each window with its own mean and deviation", () => {
    const tensor = windowTensor(Float32Array.of(1, 2, 3, 1, 1, 3, 0, 1, 0, -1, -1, -1), window);
    assert.deepEqual(Array.from(tensor), [0, 1, 2, 0, 0, 4, -1, 0, -1, -4, -4, -4]);
  });

  it("refuses part of a window", () => {
    assert.throws(() => windowTensor(new Float32Array(7), window), withCode("PAYLOAD_INVALID"));
  });
});

describe("toTensor", () => {
  const input = { kind: "image", shape: [2, 1, 2], mean: [0, 0.5], std: [1, 0.25] } as const;

  it("normalises each channel with its own mean and deviation", () => {
    const tensor = toTensor(Uint8Array.of(0, 255, 0, 255, 51, 51, 51, 51), input);
    assert.deepEqual(
      Array.from(tensor, (value) => Math.round(value * 1e4) / 1e4),
      [0, 1, -2, 2, 0.2, 0.2, -1.2, -1.2],
    );
  });

  it("is undone by toPlanes, which cuts floats off at black and white", () => {
    const planes = Uint8Array.from({ length: 4 }, (_, index) => index * 80);
    assert.deepEqual(toPlanes(toTensor(planes, input), input), planes);
    assert.deepEqual(toPlanes(Float32Array.of(-1, 2, 0, 9), input), Uint8Array.of(0, 255, 128, 255));
  });

  it("refuses part of a frame", () => {
    assert.throws(() => toTensor(new Uint8Array(5), input), withCode("PAYLOAD_INVALID"));
  });
});
