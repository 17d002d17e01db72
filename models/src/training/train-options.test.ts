import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import type { Bundle } from "../bundle/bundle.ts";
import { readGolden } from "../bundle/golden.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Evaluation } from "../evaluation/evaluate.ts";
import { ruleNames } from "../evaluation/rules.ts";
import { parseRecipe } from "./recipe.ts";
import { openTinyData, tinyRecipe } from "./tiny-training-for-tests.ts";
import { train, trainPart } from "./train.ts";

const { cloud: _network, ...edgeOnly } = tinyRecipe;
const { main: ofMain, extension: ofExtension } = tinyRecipe.train;

describe("train, beyond the paper", () => {
  let root: string;
  let data: Dataset;
  let base: Bundle;
  /** Behind the base's main, of one epoch as those below. */
  let plain: Bundle;
  /** Parts in the order in which their epochs ended, of the last training. */
  let trained: string[] = [];

  const run = (name: string, recipe: object) => {
    trained = [];
    return train(parseRecipe({ ...recipe, name }, "test"), {
      out: join(root, name),
      work: join(root, `${name}.work`),
      data,
      onProgress: (progress) => {
        if (progress.kind === "epoch") trained.push(progress.part);
      },
    });
  };
  /** A new extension behind the base's main. */
  const behind = (name: string, changes: object = {}, extension: object = {}) =>
    run(name, {
      ...edgeOnly,
      mainFrom: base.dir,
      train: { extension: { ...ofExtension, epochs: 1, ...extension } },
      ...changes,
    });
  const evaluationOf = async (bundle: Bundle): Promise<Evaluation> =>
    JSON.parse(await readFile(join(bundle.dir, "evaluation.json"), "utf8"))[0];
  const outputsOf = async (bundle: Bundle) =>
    (await readGolden(bundle.dir)).cases.extension!.outputs.y2!.dims[1];

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "meanet-options-"));
    data = await openTinyData();
    base = await run("base", { ...edgeOnly, train: { main: ofMain, extension: ofExtension } });
    plain = await behind("plain", { decision: "fusion-calibrated" });
  });
  after(() => rm(root, { recursive: true }));

  it("makes a bundle without a network for the cloud, which says so", async () => {
    assert.equal(base.files.cloud, undefined);
    assert.equal(base.manifest.blocks.cloud, undefined);
    assert.equal(base.manifest.provenance.parts.cloud, undefined);
    assert.match(await readFile(join(base.dir, "card.md"), "utf8"), /no network for the cloud/);
    assert.deepEqual((await evaluationOf(base)).curve, []);
  });

  it("reports every rule, the bundle's own among them, and where it was fitted", async () => {
    const { rules, edge } = await evaluationOf(base);
    assert.deepEqual(Object.keys(rules!), [...ruleNames]);
    const { decision, temperatures } = base.manifest;
    const own = temperatures === undefined ? decision : (`${decision}-calibrated` as "mean-calibrated");
    assert.equal(rules![own], edge.accuracy);
    // Chosen on these frames: no other rule is better on them.
    assert.equal(Math.max(...Object.values(rules!)), edge.accuracy);
    assert.match(await readFile(join(base.dir, "card.md"), "utf8"), /fitted on held-out data/);
  });

  it("takes the rule that the recipe names, with what was fitted for it", async () => {
    const { manifest } = plain;
    const { temperatures, calibratedFusionWeight } = manifest.provenance.rules!;
    assert.equal(manifest.decision, "fusion");
    assert.equal(manifest.fusionWeight, calibratedFusionWeight);
    assert.deepEqual(manifest.temperatures, temperatures);
    const { rules, edge } = await evaluationOf(plain);
    assert.equal(edge.accuracy, rules!["fusion-calibrated"]);
  });

  it("trains behind main of a bundle bitwise as behind the main that it trained itself", async () => {
    const again = await behind("again", {}, { epochs: ofExtension.epochs });
    assert.deepEqual(new Set(trained), new Set(["extension"]));
    assert.deepEqual(again.files, base.files);
    assert.equal(again.manifest.provenance.mainFrom, "base@1.0.0");
    assert.deepEqual(again.manifest.provenance.parts.main, base.manifest.provenance.parts.main);
  });

  it("refuses main of other data, of another split, and of another network, by what differs", async () => {
    const { edge } = edgeOnly;
    for (const [changes, what] of [
      [{ seed: 4 }, /seed of the split: 3/],
      [{ data: { ...edgeOnly.data, heldOut: 100 } }, /frames held out: 200/],
      [{ data: { ...edgeOnly.data, use: 600 } }, /frames learned from: 800/],
      [{ edge: { ...edge, backbone: { ...edge.backbone, widths: [4, 7, 8] } } }, /main\.stage2/],
      // Of the same values, with another stride and pool.
      [{ edge: { ...edge, backbone: { ...edge.backbone, stemStride: 1 }, exitPool: 6 } }, /logits differ/],
    ] as const) {
      await assert.rejects(
        behind("refused", changes),
        (error) => isMeanetError(error, "RECIPE_MISMATCH") && what.test(error.message),
        String(what),
      );
    }
    await assert.rejects(behind("refused", { mainFrom: join(root, "nowhere") }), (error) =>
      isMeanetError(error, "BUNDLE_MISSING"),
    );
  });

  it('gives an extension that may answer "not hard" one output more and every frame to learn from', async () => {
    const { edge } = edgeOnly;
    const bundle = await behind("not-hard", { edge: { ...edge, notHard: true } });
    assert.equal(bundle.manifest.notHard, true);
    assert.equal(await outputsOf(bundle), edge.hardClasses + 1);
    const { exits, extensionRuns } = await evaluationOf(bundle);
    assert.ok(exits.extension < extensionRuns, JSON.stringify(exits));
    assert.match(await readFile(join(bundle.dir, "card.md"), "utf8"), /may also answer "not hard"/);
  });

  it("runs the extension for every frame where every class is hard", async () => {
    const bundle = await behind("all", { edge: { ...edgeOnly.edge, hardClasses: 10 } });
    assert.equal(await outputsOf(bundle), 10);
    const { detection, extensionRuns, edge } = await evaluationOf(bundle);
    assert.deepEqual([detection, extensionRuns], [1, 1]);
    assert.equal(edge.hard, edge.accuracy);
    assert.match(await readFile(join(bundle.dir, "card.md"), "utf8"), /main alone .* - \|/);
  });

  it("draws hard classes by the seed where the recipe wants them random", async () => {
    const { manifest, dir } = await behind("random", { hardClassRule: "random" });
    assert.equal(new Set(manifest.hardClasses).size, 5);
    assert.notDeepEqual(manifest.hardClasses, base.manifest.hardClasses);
    assert.match(await readFile(join(dir, "card.md"), "utf8"), /drawn at random/);
  });

  it("learns otherwise from main's answers than from labels alone", async () => {
    const distilled = await behind("distilled", {}, { distillation: { weight: 0.5, temperature: 2 } });
    assert.deepEqual(distilled.files.main, plain.files.main);
    assert.notDeepEqual(distilled.files.extension, plain.files.extension);
  });

  it("trains main, then the extension, each alone, and finds both done when it makes the bundle", async () => {
    const recipe = { ...edgeOnly, train: { main: ofMain, extension: ofExtension } };
    const alone = (part: "main" | "extension" | "cloud") =>
      trainPart(part, parseRecipe(recipe, "test"), { work: join(root, "alone.work"), data });
    await assert.rejects(alone("extension"), (error) => isMeanetError(error, "TRAINING_INCOMPLETE"));
    await assert.rejects(alone("cloud"), (error) => isMeanetError(error, "RECIPE_INVALID"));
    await alone("main");
    await alone("extension");
    const bundle = await run("alone", recipe);
    assert.deepEqual(trained, []);
    assert.deepEqual(bundle.files, base.files);
  });
});
