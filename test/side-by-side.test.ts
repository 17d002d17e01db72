import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Device } from "@meanet/device";
import { type Bundle, loadBundle, toTensor, windowTensor, zooPath } from "@meanet/models";
import { activities as classes, writeActivityWindows } from "@meanet/models/testing";
import type { AnswerVerdict, NodeEnergy, Status } from "@meanet/protocol";
import { runQuery } from "@meanet/recorder";
import { waitUntil } from "@meanet/recorder/testing";
import { type DirectAnswers, runDirectly } from "./rig/direct.ts";
import { sampleFrames } from "./rig/frames.ts";
import { type Meanet, meanet } from "./rig/meanet.ts";
import { SITE, Site } from "./rig/site.ts";
import { writeWindowBundle } from "./rig/window-bundle.ts";

const FRAMES = 200;
const TIMEOUT_MS = 240_000;
/** Batches of other sizes round differently. */
const ROUNDING = 1e-4;

describe("camera frames and sensor windows through one broker, one edge node and one worker", () => {
  const site = new Site();
  let edge: Meanet;
  let energy: NodeEnergy | undefined;
  let status: Status | undefined;
  /** Every answer of the site, by device and id. */
  const heard = new Map<string, AnswerVerdict>();
  let images: { bundle: Bundle; direct: DirectAnswers[]; verdicts: AnswerVerdict[] };
  let windows: { bundle: Bundle; direct: DirectAnswers[]; verdicts: AnswerVerdict[] };
  let truths: string[];

  before(async () => {
    const frames = (await sampleFrames()).slice(0, FRAMES);
    const imageBundle = await loadBundle(zooPath("fashion-mnist"));
    const imageInput = imageBundle.manifest.input;
    assert.ok(imageInput.kind === "image");
    const directImages = await runDirectly(
      imageBundle,
      frames.map((frame) => toTensor(frame, imageInput)),
    );

    const sample = await writeActivityWindows(join(site.folder, "har"));
    const length = sample.windows.length / sample.count;
    const readings = Array.from({ length: sample.count }, (_, index) =>
      sample.windows.slice(index * length, (index + 1) * length),
    );
    truths = Array.from(sample.labels, (label) => classes[label]!);
    const folder = join(site.folder, "windows");
    // About half of the windows are complex, and none is near the threshold.
    const trial = await loadBundle(await writeWindowBundle(folder, { classes, threshold: 0 }));
    const windowInput = trial.manifest.input;
    assert.ok(windowInput.kind === "window");
    const tensors = readings.map((window) => windowTensor(window, windowInput));
    const directWindows = await runDirectly(trial, tensors);
    const threshold = middleGap(directWindows.map((answer) => answer.entropy));
    const windowBundle = await loadBundle(await writeWindowBundle(folder, { classes, threshold }));

    await site.startBroker();
    await site.startRecorder();
    const models = ["--models", `fashion-mnist,${folder}`];
    await site.startWorker("worker-1", ...models, "--engine-providers", "cpu");
    edge = await site.startEdge("edge-1", ...models, "--deadline", "1m", "--stats-interval", "100ms");
    const session = site.openSession("onlooker");
    session.subscribe(session.topics.energy, { site: SITE, node: "edge-1" }, ({ value }) => {
      energy = value;
    });
    session.subscribe(session.topics.status, { site: SITE, node: "edge-1" }, ({ value }) => {
      status ??= value;
    });
    session.subscribe(session.topics.verdict, { site: SITE }, ({ value }) => {
      if (value.outcome === "answered") heard.set(`${value.device}/${value.id}`, value);
    });
    await session.connect();

    const [camera, sensor] = await Promise.all([site.openCamera("camera"), site.openCamera("sensor")]);
    const [ofFrames, ofWindows] = await Promise.all([
      answersTo(
        camera,
        frames.map((frame) => () => camera.publishFrame(frame)),
      ),
      answersTo(
        sensor,
        readings.map((window, index) => async () => {
          await sensor.label(`w-${index}`, truths[index]!);
          // Every second one as JSON.
          const payload = index % 2 === 0 ? window : jsonRows(window, sample.shape);
          return sensor.publishWindow(payload, { id: `w-${index}` });
        }),
      ),
    ]);
    images = { bundle: imageBundle, direct: directImages, verdicts: ofFrames };
    windows = { bundle: windowBundle, direct: directWindows, verdicts: ofWindows };
  });
  after(() => site.close());

  for (const kind of ["images", "windows"] as const) {
    it(`answers ${kind} as the networks of their bundle do by themselves`, () => {
      const { bundle, direct, verdicts } = kind === "images" ? images : windows;
      const { manifest } = bundle;
      const seen = { main: 0, extension: 0, cloud: 0 };
      for (const [index, verdict] of verdicts.entries()) {
        const { entropy, edge: own, cloud } = direct[index]!;
        assert.ok(Math.abs(verdict.entropy - entropy) < ROUNDING, `${kind} ${index}`);
        assert.equal(verdict.model, `${manifest.name}@${manifest.version}`);
        seen[verdict.exit] += 1;
        if (Math.abs(entropy - manifest.threshold) < ROUNDING) continue;
        const complex = entropy > manifest.threshold;
        assert.equal(verdict.cloud, complex ? "answered" : "none");
        assert.deepEqual(
          [verdict.classIndex, verdict.exit],
          complex ? [cloud.classIndex, "cloud"] : [own.classIndex, own.exit],
          `${kind} ${index}`,
        );
      }
      assert.ok(seen.cloud > 0 && seen.main + seen.extension > 0, JSON.stringify(seen));
    });
  }

  it("says which bundles it serves", () => {
    assert.deepEqual(status?.models, [
      `fashion-mnist@${images.bundle.manifest.version}`,
      "untrained-windows@1.0.0",
    ]);
  });

  it("stores the windows' verdicts like the frames', and tells the accuracy of each model", async () => {
    const right = windows.verdicts.filter(({ label }, index) => label === truths[index]).length;
    const look = () =>
      runQuery(site.storeFile, "accuracy", { since: "1h", by: "model" }).rows.map((row) => row.slice(0, 3));
    const rows = await waitUntil("all labelled windows are stored", look, (found) =>
      found.some(([, labelled]) => labelled === truths.length),
    );
    assert.deepEqual(rows, [["untrained-windows@1.0.0", truths.length, right]]);
    const { rows: counted } = runQuery(site.storeFile, "throughput", { since: "1h", by: "model" });
    assert.deepEqual(
      counted.map(([model, frames]) => [model, frames]),
      [
        [`fashion-mnist@${images.bundle.manifest.version}`, FRAMES],
        ["untrained-windows@1.0.0", truths.length],
      ],
    );
  });

  it("serves what replay sends: sensors by subject, at many times their rate", async () => {
    const { code, stdout, stderr } = await meanet(
      ...["replay", "--broker", site.url, "--dataset", "uci-har"],
      ...["--data", join(site.folder, "har")],
      ...["--speed", "50", "--frames", "60", "--json"],
    );
    assert.equal(code, 0, stderr);
    const summary = JSON.parse(stdout.trim()) as { verdicts: number; accuracy: number };
    assert.equal(summary.verdicts, 60);
    const subjects = [...heard.values()].filter(({ device }) => /^sensor-\d+$/.test(device));
    assert.equal(subjects.length, 60);
    assert.equal(new Set(subjects.map(({ device }) => device)).size, 8);
    assert.ok(subjects.every(({ model }) => model === "untrained-windows@1.0.0"));
    assert.ok(Number.isFinite(summary.accuracy));
  });

  it("charges both to one ledger, which closes", async () => {
    await edge.stop();
    const all = [...heard.values()];
    const computeJ = sum(all.map((verdict) => verdict.energy.mainJ + verdict.energy.extensionJ));
    const uplinkJ = sum(all.map((verdict) => verdict.energy.uplinkJ));
    const total = await waitUntil(
      "the edge node tells the joules of all",
      () => energy,
      (told) => told !== undefined && close(told.computeJ, computeJ) && close(told.uplinkJ, uplinkJ),
    );
    assert.ok(total && uplinkJ > 0);
    for (const { uplinkBytes, exit, energy: joules } of windows.verdicts) {
      assert.equal(uplinkBytes > 0, exit === "cloud");
      assert.equal(joules.uplinkJ > 0, exit === "cloud");
    }
  });
});

/** Publishes all, some at once, and gives their final answers in the order of `publications`. */
async function answersTo(
  device: Device,
  publications: readonly (() => Promise<string>)[],
): Promise<AnswerVerdict[]> {
  const verdicts: AnswerVerdict[] = [];
  let next = 0;
  const publishInTurn = async () => {
    while (next < publications.length) {
      const index = next++;
      const { verdict } = await device.awaitVerdict(await publications[index]!(), TIMEOUT_MS);
      assert.ok(verdict.outcome === "answered", JSON.stringify(verdict));
      verdicts[index] = verdict;
    }
  };
  await Promise.all(Array.from({ length: 24 }, publishInTurn));
  return verdicts;
}

function jsonRows(window: Float32Array, [channels, readings]: readonly [number, number]): Uint8Array {
  const rows = Array.from({ length: channels }, (_, channel) => [
    ...window.slice(channel * readings, (channel + 1) * readings),
  ]);
  return Buffer.from(JSON.stringify(rows));
}

/** The middle of the widest gap in the middle third of some numbers. */
function middleGap(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const third = Math.floor(sorted.length / 3);
  const gaps = sorted.slice(third, 2 * third).map((value, at) => [value, sorted[third + at + 1]!] as const);
  const [low, high] = gaps.reduce((widest, gap) => (gap[1] - gap[0] > widest[1] - widest[0] ? gap : widest));
  return (low + high) / 2;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function close(a: number, b: number): boolean {
  return Math.abs(a / b - 1) < 1e-9;
}
