import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { quadrantFrames, swellWindows, writeQuadrantBundle, writeSwellBundle } from "@meanet/models/testing";
import { answerOf, Onlooker, openTestSite, startEdge } from "../site-for-tests.ts";
import { teach, watch } from "./learning-site-for-tests.ts";

const LENGTH = 64;
const WINDOW_BYTES = 4 * 16 * 4;

const { broker, folder } = await openTestSite();

/** Small enough for a test, and sure enough to pass. */
const learning = {
  enabled: true,
  trigger: { items: 96 },
  training: { epochs: 8, rate: 0.05, batch: 16 },
  margins: { leastItems: 8 },
  rollback: { items: 24, leastItems: 12 },
};

describe("an edge node that learns", { timeout: 300_000 }, () => {
  test("collects labels, trains beside its frames, goes live, passes its trial, and is the same after a restart", async () => {
    const bundle = join(folder.path, "quadrants");
    await writeQuadrantBundle(bundle);
    const node = "learns";
    const at = { path: folder.path, bundle };
    await using onlooker = await Onlooker.connect(broker.url, node);
    const watched = watch(onlooker, node);
    {
      await using _edge = await startEdge(broker.url, at, { node, learning });
      await teach(onlooker, { count: 96, seed: 11 });
      const started = await watched.step("started");
      assert.deepEqual([started.trigger, started.items, started.run], ["items", 96, 1]);
      // Frames are answered while it trains.
      await onlooker.send("cam", quadrantFrames(1, 99).frames, "meanwhile");
      const meanwhile = await onlooker.final("meanwhile");
      assert.ok(meanwhile.outcome === "answered" && meanwhile.model === "quadrants@1.0.0");
      const accepted = await watched.step("accepted");
      const { heldOut, reference } = accepted.figures;
      // Of the frame that was answered meanwhile.
      assert.ok(accepted.latencyP99Ms !== undefined && accepted.latencyP99Ms > 0);
      assert.ok(heldOut.candidate > heldOut.current && heldOut.items === started.heldOut);
      assert.ok(reference !== null && reference.candidate > reference.current);
      assert.ok(accepted.energyJ > 0);
      const swapped = await watched.step("swapped");
      assert.deepEqual([swapped.before, swapped.model], ["quadrants@1.0.0", "quadrants@1.0.0+learns.1"]);
      const epochs = watched.steps.filter((step) => step.event === "epoch");
      assert.deepEqual(
        epochs.map(({ epoch }) => epoch),
        [1, 2, 3, 4, 5, 6, 7, 8],
      );
      assert.ok(epochs.every(({ energyJ }) => energyJ > 0));
      const collected = watched.steps.findLast((step) => step.event === "collected" && step.items.label > 0);
      assert.ok(collected?.event === "collected" && collected.classes !== undefined);
      const total = (of: "label" | "heldOut") =>
        collected.classes!.reduce((sum, counts) => sum + counts[of], 0);
      assert.deepEqual([total("label"), total("heldOut")], [collected.items.label, collected.heldOut]);

      await onlooker.until(() => watched.states.get("train")?.value === "on trial");
      await teach(onlooker, { count: 24, seed: 12 });
      await onlooker.until(() => watched.states.get("train")?.value === "idle");
      const right = onlooker.verdicts.filter(
        ({ id, outcome, ...rest }) =>
          id.startsWith("12-") &&
          "classIndex" in rest &&
          outcome === "answered" &&
          rest.classIndex === Number(id.slice(3)) % 4,
      );
      assert.ok(right.length >= 20, `${right.length} of 24`);
      await onlooker.until(() => watched.stats()?.counters.trainingsAccepted === 1);
      assert.ok(watched.stats()!.counters.itemsLabel! >= 96);
    }
    await using _again = await startEdge(broker.url, at, { node, learning });
    await onlooker.send("cam", quadrantFrames(1, 99).frames, "afterwards");
    const verdict = await onlooker.final("afterwards");
    assert.ok(verdict.outcome === "answered" && verdict.model === "quadrants@1.0.0+learns.1");
  });

  test("learns from sure answers of the cloud, and asks it by the name of the bundle that came", async () => {
    const bundle = join(folder.path, "doubtful");
    await writeQuadrantBundle(bundle, { threshold: 0 });
    const node = "asks";
    await using onlooker = await Onlooker.connect(broker.url, node, (item) =>
      answerOf(item, Number(item.frame[0]! > 119)),
    );
    const watched = watch(onlooker, node);
    await using _edge = await startEdge(
      broker.url,
      { path: folder.path, bundle },
      { node, learning: { ...learning, trigger: { items: 1000 } } },
    );
    const { frames } = quadrantFrames(40, 13);
    for (let at = 0; at < 40; at++) {
      await onlooker.send("cam", frames.subarray(at * LENGTH, (at + 1) * LENGTH), `q-${at}`);
    }
    await onlooker.until(() => watched.stats()?.counters.itemsCloud === 40);
    assert.ok(onlooker.questions.every(({ model }) => model === "quadrants@1.0.0"));
  });

  test("learns the windows of a sensor, beside a bundle of pictures that it leaves alone", async () => {
    const pictures = join(folder.path, "pictures");
    const windows = join(folder.path, "swells");
    await writeQuadrantBundle(pictures);
    await writeSwellBundle(windows);
    const node = "feels";
    await using onlooker = await Onlooker.connect(broker.url, node);
    const watched = watch(onlooker, node);
    const models = [pictures, windows];
    await using _edge = await startEdge(
      broker.url,
      { path: folder.path, bundle: pictures },
      { node, learning, models },
    );
    const { session } = onlooker;
    const { frames, labels } = swellWindows(96, 16);
    const bytes = new Uint8Array(frames.buffer);
    for (const [at, label] of labels.entries()) {
      const id = `w-${at}`;
      await onlooker.sendWindow("imu", bytes.subarray(at * WINDOW_BYTES, (at + 1) * WINDOW_BYTES), id);
      await session.publish(session.topics.label, { site: node, device: "imu", id }, { label });
    }
    const { figures } = await watched.step("accepted");
    assert.ok(figures.heldOut.candidate > figures.heldOut.current);
    const { model } = await watched.step("swapped");
    assert.equal(model, "swells@1.0.0+feels.1");
    await onlooker.until(() => watched.states.get("model")?.value === `quadrants@1.0.0, ${model}`);
    assert.equal(watched.states.get("train")?.value, "idle | on trial");
  });

  test("refuses a bundle that it cannot learn with, and says why; a wish for a training is answered", async () => {
    const node = "cannot";
    await using onlooker = await Onlooker.connect(broker.url, node);
    const watched = watch(onlooker, node);
    await using _edge = await startEdge(broker.url, folder, { node });
    const { wish } = watched;
    await wish("train", "now");
    await onlooker.until(() => watched.states.get("train")?.error === "train: learning is off");
    for (const [what, why] of [
      ["accept", "nothing is proposed"],
      ["refuse", 'expected "accept" or "dismiss", of what is proposed, received "refuse"'],
      ["dismiss", "nothing is proposed"],
    ] as const) {
      await wish("hard-classes", what);
      await onlooker.until(() => watched.states.get("hard-classes")?.error === `hard-classes: ${why}`);
    }
    assert.equal(watched.states.get("hard-classes")?.value, "three, one");
    await wish("learning", "on");
    await onlooker.until(() => watched.states.get("learning")?.value === "on");
    await wish("train", "now");
    const { reason } = await watched.step("failed");
    assert.match(reason, /three@1\.0\.0 cannot learn in service: its manifest does not tell/);
    assert.equal(watched.states.get("train")?.error, null);
  });

  test("rolls back an extension that labels contradict, by itself", async () => {
    const bundle = join(folder.path, "misled");
    await writeQuadrantBundle(bundle, { reference: 0 });
    const node = "misled";
    await using onlooker = await Onlooker.connect(broker.url, node);
    const watched = watch(onlooker, node);
    await using _edge = await startEdge(broker.url, { path: folder.path, bundle }, { node, learning });
    // It learns that every class is the next one; then the site tells the truth again. What was there before guessed, and was better.
    await teach(onlooker, { count: 96, seed: 14, classOf: (at) => (at + 1) % 4 });
    await watched.step("swapped");
    await onlooker.until(() => watched.states.get("train")?.value === "on trial");
    await teach(onlooker, { count: 24, seed: 15 });
    const back = await watched.step("rolled-back");
    assert.deepEqual([back.before, back.model], ["quadrants@1.0.0+misled.1", "quadrants@1.0.0"]);
    assert.ok(back.disagreement.after > back.disagreement.before + 0.03);
    await onlooker.until(() => watched.stats()?.counters.trainingsRolledBack === 1);
    const pointer = join(folder.path, node, "learning", "quadrants-1.0.0", "active.json");
    assert.equal(JSON.parse(readFileSync(pointer, "utf8")).active, null);
  });
});
