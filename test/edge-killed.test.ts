import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { load, sampleFrames } from "./rig/frames.ts";
import { Site } from "./rig/site.ts";
import { expectEachOnce } from "./rig/store.ts";

const FRAMES = 600;

describe("kill -9 under load", () => {
  const site = new Site();
  after(() => site.close());

  it("of the edge node, and of the recorder, loses no QoS 1 frame and doubles no verdict", async () => {
    await site.startBroker();
    const [firstEdge, firstRecorder] = await Promise.all([
      site.startEdge("edge-1"),
      site.startRecorder(),
      site.startWorker("worker-1"),
    ]);
    let recorder = firstRecorder;
    let edge = firstEdge;
    const camera = await site.openCamera("camera-1");

    const answers = await load({
      camera,
      frames: await sampleFrames(),
      count: FRAMES,
      at: {
        150: async () => {
          await edge.vanish();
          edge = await site.startEdge("edge-1");
        },
        400: async () => {
          await recorder.vanish();
          recorder = await site.startRecorder();
        },
      },
    });

    assert.equal(answers.length, FRAMES);
    assert.ok(answers.every(({ verdict }) => verdict.final && verdict.outcome === "answered"));
    const rows = await expectEachOnce(site.storeFile, FRAMES);
    assert.deepEqual([...new Set(rows.map(({ outcome }) => outcome))], ["answered"]);
    // A clean end writes what was under way; no second verdict may come with it.
    assert.equal((await edge.stop()).code, 0);
    assert.equal((await recorder.stop()).code, 0);
    await expectEachOnce(site.storeFile, FRAMES);
  });
});
