import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { load, sampleFrames } from "./rig/frames.ts";
import { Site } from "./rig/site.ts";
import { expectEachOnce } from "./rig/store.ts";

const FRAMES = 500;

describe("one of two cloud workers killed with -9 under load", () => {
  const site = new Site();
  after(() => site.close());

  it("leaves every frame its final verdict: of the other worker, or of the edge, which names the reason", async () => {
    await site.startBroker();
    const [, , doomed] = await Promise.all([
      site.startEdge("edge-1", "--policy", "cloud-only"),
      site.startRecorder(),
      site.startWorker("worker-1"),
      site.startWorker("worker-2"),
    ]);

    const answers = await load({
      camera: await site.openCamera("camera-1"),
      frames: await sampleFrames(),
      count: FRAMES,
      at: { 200: async () => void (await doomed.vanish()) },
    });

    assert.equal(answers.length, FRAMES);
    const rows = await expectEachOnce(site.storeFile, FRAMES);
    for (const { id, outcome, exit, cloud, worker } of rows) {
      assert.equal(outcome, "answered", id);
      assert.equal(exit === "cloud", cloud === "answered", `${id}: ${exit}, ${cloud}`);
      assert.equal(worker !== null, cloud === "answered", `${id}: ${worker}, ${cloud}`);
      assert.ok(["answered", "busy", "late"].includes(cloud ?? ""), `${id}: ${cloud}`);
    }
    const byWorker = (name: string) => rows.filter(({ worker }) => worker === name).length;
    assert.ok(byWorker("worker-1") > 0, "the killed worker had its share");
    assert.ok(byWorker("worker-2") > byWorker("worker-1"), "the other one went on alone");
  });
});
