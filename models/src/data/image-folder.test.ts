import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { decodeFrame } from "@meanet/image";
import { isMeanetError } from "@meanet/runtime";
import sharp from "sharp";
import type { ImageInput } from "../bundle/manifest.ts";
import { toTensor } from "../bundle/tensor.ts";
import type { OpenDatasetOptions } from "./dataset.ts";
import { gather } from "./gather.ts";
import { pictureFiles } from "./image-folder.ts";
import { datasetNameOf, openDataset } from "./open-dataset.ts";

describe("a folder of pictures by class", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "meanet-pictures-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** A picture of one colour, of a camera's size: 40 x 30. */
  async function picture(path: string, grey = 90): Promise<void> {
    const create = { width: 40, height: 30, channels: 3, background: { r: grey, g: grey, b: grey } } as const;
    const format = /\.jpe?g$/i.test(path) ? "jpeg" : path.endsWith(".webp") ? "webp" : "png";
    await file(path, await sharp({ create }).toFormat(format, { quality: 100 }).toBuffer());
  }
  async function file(path: string, bytes: Uint8Array | string): Promise<void> {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  const open = (options: OpenDatasetOptions = {}) =>
    openDataset("image-folder", { from: folder, shape: [1, 2, 2], ...options });
  const train = async (options: OpenDatasetOptions = {}) => (await open(options)).read("train");
  const refused = (tells: RegExp) => (error: unknown) => {
    assert.ok(isMeanetError(error, "DATASET_CORRUPT"), String(error));
    assert.match(error.message, tells);
    return true;
  };

  it("holds JPEG, PNG and WebP in the shape asked for, each class's sorted by path, folders within too", async () => {
    await picture("train/nut/b.JPG", 200);
    await picture("train/nut/a/deep.png", 100);
    await picture("train/bolt/2.webp", 20);
    await picture("train/bolt/10.jpeg", 10);
    await file("train/nut/Thumbs.db", "what Windows leaves");
    await file("train/nut/._b.jpg", "what macOS leaves");
    await file("train/README.txt", "ours");
    const dataset = await open();
    assert.deepEqual(
      [dataset.classes, dataset.shape, dataset.name],
      [["bolt", "nut"], [1, 2, 2], "image-folder"],
    );
    const { count, images, labels } = await dataset.read("train");
    assert.deepEqual([count, [...labels]], [4, [0, 0, 1, 1]]);
    const greys = [10, 20, 100, 200].flatMap((grey) => Array<number>(4).fill(grey));
    assert.deepEqual([...images], greys);
    assert.deepEqual([await dataset.has("train"), await dataset.has("test")], [true, false]);
    await assert.rejects(dataset.read("test"), (error) => isMeanetError(error, "DATASET_MISSING"));
    assert.equal(await datasetNameOf(folder), "image-folder");
  });

  it("gives a network the tensor that a node makes of the same file in service", async () => {
    const noise = Uint8Array.from({ length: 64 * 48 * 3 }, (_, index) => (index * 7919) % 251);
    const photo = sharp(noise, { raw: { width: 64, height: 48, channels: 3 } });
    // A camera held upright: the tag turns it.
    const jpeg = await photo.withMetadata({ orientation: 6 }).jpeg().toBuffer();
    await file("train/bolt/photo.jpg", jpeg);
    await picture("train/nut/1.png");
    const input: ImageInput = {
      kind: "image",
      shape: [3, 16, 12],
      mean: [0.5, 0.4, 0.3],
      std: [0.2, 0.3, 0.4],
    };
    const { data } = gather(await train({ shape: input.shape }), [0], input);
    const limits = { maxBytes: 1e6, maxPixels: 1e6 };
    const planes = await decodeFrame(jpeg, { format: "jpeg", shape: input.shape, limits });
    assert.deepEqual(data, toTensor(planes as Uint8Array, input));
  });

  it("takes val for the part that judges, where there is no test", async () => {
    await picture("train/bolt/1.png", 1);
    await picture("train/nut/1.png", 2);
    await picture("val/bolt/1.png", 3);
    await picture("val/nut/1.png", 4);
    const judging = async () =>
      [...(await (await open()).read("test")).images].filter((_, at) => at % 4 === 0);
    assert.deepEqual(await judging(), [3, 4]);
    await rename(join(folder, "val"), join(folder, "test"));
    assert.deepEqual(await judging(), [3, 4]);
    const { classes, files } = await pictureFiles(folder, "test");
    assert.deepEqual(classes, ["bolt", "nut"]);
    assert.deepEqual(
      files.map(({ path, classIndex }) => [path.slice(folder.length), classIndex]),
      [
        ["/test/bolt/1.png", 0],
        ["/test/nut/1.png", 1],
      ],
    );
  });

  it("orders classes by name, as classes.txt says, or as who asks counts them", async () => {
    for (const name of ["b", "a", "B"]) await picture(`train/${name}/1.png`, name.charCodeAt(0));
    const greys = async (options?: OpenDatasetOptions) => {
      const { images, labels } = await train(options);
      return [...labels].map((_, place) => String.fromCharCode(images[place * 4]!)).join("");
    };
    assert.equal(await greys(), "Bab");
    await file("classes.txt", "b\nB\na\n");
    assert.equal(await greys(), "bBa");
    assert.equal(await greys({ classes: ["a", "b", "B"] }), "abB");
  });

  it("follows links to classes and pictures, and finds an accent however it is written", async () => {
    await picture("elsewhere/1.png", 7);
    await picture("train/e\u0301crou/1.png", 8);
    await symlink(join(folder, "elsewhere"), join(folder, "train/bolt"));
    await symlink(join(folder, "elsewhere/1.png"), join(folder, "train/e\u0301crou/2.png"));
    const { labels } = await train({ classes: ["\u00e9crou", "bolt"] });
    assert.deepEqual([...labels], [0, 0, 1]);
  });

  it("counts more than 256 classes", async () => {
    await picture("1.png");
    const bytes = await readFile(join(folder, "1.png"));
    const classes = Array.from({ length: 300 }, (_, index) => `kind-${String(index).padStart(3, "0")}`);
    for (const name of classes) await file(`train/${name}/1.png`, bytes);
    assert.equal((await train()).labels[299], 299);
  });

  it("names the folders that are no class of who asks, and the classes that have none", async () => {
    await picture("train/bolt/1.png");
    await picture("train/nut/1.png");
    await picture("train/washer/1.png");
    await assert.rejects(
      train({ classes: ["bolt", "nut"] }),
      refused(/train: "washer" is none of the classes; expected "bolt", "nut"/),
    );
    await assert.rejects(
      train({ classes: ["bolt", "nut", "washer", "screw", "nail"] }),
      refused(/no folder for "screw", "nail"; expected one for each class: "bolt", /),
    );
    await mkdir(join(folder, "train/screw"));
    await assert.rejects(train(), refused(/train: no picture of "screw"; expected \*\.jpg/));
    await picture("test/nut/1.png");
    const dataset = await open({ classes: ["bolt", "nut"] });
    await assert.rejects(dataset.read("test"), refused(/test: no folder for "bolt"/));
  });

  it("names what no folder of pictures has", async () => {
    const missing = (error: unknown) => isMeanetError(error, "DATASET_MISSING");
    await assert.rejects(openDataset("image-folder"), missing);
    await picture("bolt/1.png");
    await assert.rejects(open(), /train\/CLASS\/\*\.jpg or \*\.png.*: move the folders of the classes there/);
    assert.equal(await datasetNameOf(folder), "idx");
    await picture("train/1.png");
    await assert.rejects(open(), refused(/train: no folder of a class; .*pictures themselves have no class/));
    await picture("train/bolt/1.png");
    await assert.rejects(open(), refused(/1 classes \("bolt"\)/));
    await file("classes.txt", "bolt\nbolt\n");
    await assert.rejects(open(), refused(/classes\.txt: 2 classes .*each once/));
    await file("classes.txt", "bolt\nnut\n");
    await file("train/nut/1.gif", "GIF89a");
    await assert.rejects(train(), refused(/nut\/1\.gif: .*expected JPEG, PNG or WebP/));
  });

  it("refuses to make frames of it that are no pictures", async () => {
    await picture("train/bolt/1.png");
    await picture("train/nut/1.png");
    for (const shape of [undefined, [9, 128], [2, 4, 4]]) {
      await assert.rejects(open({ shape }), (error) => isMeanetError(error, "INPUT_KIND_UNSUPPORTED"));
    }
  });

  describe("with files that cannot be read", () => {
    beforeEach(async () => {
      for (const grey of [1, 2, 3, 4]) {
        await picture(`train/bolt/${grey}.png`, grey);
        await picture(`train/nut/${grey}.jpg`, 100 + grey);
      }
      await file("train/bolt/2.png", "not found, said the server");
      const whole = await readFile(join(folder, "train/nut/3.jpg"));
      await file("train/nut/3.jpg", whole.subarray(0, whole.length / 2));
    });

    it("names every one of them, and why", async () => {
      await assert.rejects(
        train(),
        refused(
          /2 of 8 pictures cannot be read: \S+bolt\/2\.png \(not a readable picture: .*\); \S+nut\/3\.jpg \(.*--skip-unreadable/,
        ),
      );
    });

    it("leaves them out when told to, and says which", async () => {
      const told: string[] = [];
      const { count, labels, images } = await train({
        skipUnreadable: true,
        onDecoding: ({ split, pictures }) => told.push(`${split} ${pictures}`),
        onSkipped: ({ skipped }) => told.push(...skipped.map((path) => path.slice(folder.length))),
      });
      assert.deepEqual(told, ["train 8", "/train/bolt/2.png", "/train/nut/3.jpg"]);
      assert.deepEqual([count, images.length, [...labels]], [6, 24, [0, 0, 0, 1, 1, 1]]);
      assert.deepEqual(
        [...labels].map((_, place) => images[place * 4]),
        [1, 3, 4, 101, 102, 104],
      );
    });

    it("gives the file of each frame that is left", async () => {
      const dataset = await open({ skipUnreadable: true });
      const files = ["bolt/1.png", "bolt/3.png", "bolt/4.png", "nut/1.jpg", "nut/2.jpg", "nut/4.jpg"];
      assert.deepEqual(
        await dataset.filesOf("train"),
        files.map((path) => join("train", path)),
      );
    });

    it("does not leave out a whole class", async () => {
      for (const place of [1, 3, 4]) await file(`train/bolt/${place}.png`, "");
      await assert.rejects(train({ skipUnreadable: true }), refused(/no picture of "bolt" can be read/));
    });
  });

  it("refuses what memory does not hold before it decodes any, and reads a part once", async () => {
    await picture("train/bolt/1.png");
    await picture("train/nut/1.png");
    let decoded = 0;
    const told: number[] = [];
    const onDecoded = (part: { readonly decoded: number }) => told.push(part.decoded);
    const options = { shape: [3, 100, 100], onDecoding: () => decoded++, onDecoded };
    await assert.rejects(train({ ...options, maxBytes: 59_999 }), (error) => {
      assert.ok(isMeanetError(error, "DATASET_TOO_LARGE"));
      assert.match(error.message, /2 pictures take 1 MB of memory as 3x100x100, at most 0 MB are free/);
      return true;
    });
    assert.equal(decoded, 0);
    const dataset = await open({ ...options, maxBytes: 60_000 });
    assert.equal((await dataset.read("train")).images, (await dataset.read("train")).images);
    assert.equal(decoded, 1);
    assert.deepEqual(told, [1, 2]);
  });
});
